"""One batch of packets in, one annotation each out."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np

from broker.annotation import Annotation, BackboneInfo, EpochCheck, ImageInfo
from broker.classifiers.choosing import Classifiers
from broker.classifiers.contract import Sight
from broker.cutout import Cutout, read_cutout
from broker.embedding import Embedded
from broker.epoch_check import EpochChecker, history_row
from broker.history.embedding_bytes import half
from broker.novelty.judging import NoveltyJudge
from broker.rules.reference_distance import ReferenceDistance
from broker.stamp_pair import Stamp, StampPair
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from broker.classifiers.choosing import Classified
    from broker.examiner import Examiner
    from broker.history.history import History
    from broker.novelty.judging import Judgement
    from broker.novelty.versions import Version
    from broker.packet import Packet
    from broker.rules.rule import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What was found of one packet.

    Attributes
    ----------
    annotation : Annotation
    embedding : float16 array (d,) or None
        The science image's place in feature space, rounded as the history has it; None where it has none.
    in_history : bool
        Whether it is one of the epochs that its object's later ones are compared with.
    reference_embedding : float16 array (d,) or None
        The same of the reference.
    """

    annotation: Annotation
    embedding: NDArray[np.float16] | None = None
    in_history: bool = False
    reference_embedding: NDArray[np.float16] | None = None


class Annotator:
    """Compares each packet's science stamp with its stacked reference and its object's earlier epochs.

    Parameters
    ----------
    examiner : Examiner
        The networks behind the sky frame.
    clock : callable
        Returns the time, aware and in UTC.
    rule : Rule, optional
        Tells problematic epochs; by default none is told.
    history : History, optional
        Where earlier epochs are; a batch's own are there before `annotate` returns. None: there are none.
    classifiers : Classifiers, optional
        The networks for rare classes; by default none.

    Attributes
    ----------
    examiner : Examiner
    classifiers : Classifiers
    novelty : NoveltyJudge
        Compares with what was seen before: with nothing until `compare_with`.
    """

    def __init__(
        self,
        examiner: Examiner,
        clock: Callable[[], datetime],
        rule: Rule | None = None,
        history: History | None = None,
        classifiers: Classifiers | None = None,
    ) -> None:
        self.examiner = examiner
        self.novelty = NoveltyJudge()
        self.classifiers = classifiers or Classifiers()
        self._checker = EpochChecker(rule or ReferenceDistance(), history)
        self._clock = clock
        self._version = metadata.version("sosia-broker")

    def compare_with(self, versions: Callable[[], Mapping[str, Version]], *, reference: bool = False) -> None:
        """Judge novelty from now on, as `NoveltyJudge` does; it shares the classifiers' merger network."""
        self.novelty = NoveltyJudge(versions, reference=reference, finder=self.classifiers.merger_finder)

    def annotate(self, packets: Sequence[Packet], ingest_times: Sequence[datetime]) -> list[Finding]:
        """Annotate a batch.

        Parameters
        ----------
        packets : sequence of Packet
            Of any surveys.
        ingest_times : sequence of datetime
            When each was first received, aware and in UTC.

        Returns
        -------
        list of Finding
            One a packet, in order. A stamp that cannot be used gives null values with
            a reason, and never touches another packet's.

        Raises
        ------
        HistoryError
            The history cannot be reached or is damaged.
        """
        pairs = [stamp_pair(packet) for packet in packets]
        examined = self.examiner.examine(pairs)
        classified = self.classifiers.classify(
            [Sight(packet, pair.science, pair.reference) for packet, pair in zip(packets, pairs, strict=True)]
        )
        embedder = self.examiner.embedder
        digests = [embedder.digest(packet.survey.facts.frame) for packet in packets]
        checks = self._checker.check(packets, examined, digests)
        judged = self.novelty.judge(packets, [found.embedded for found in examined], digests, checks)
        now = self._clock()
        return [
            Finding(
                self._annotation(
                    packet,
                    found.embedded,
                    BackboneInfo(embedder.backbone.name, digest),
                    check,
                    classes,
                    novelty,
                    received,
                    now,
                ),
                _rounded(found.embedded.science_embedding),
                history_row(packet, found.embedded, digest) is not None,
                _rounded(found.embedded.reference_embedding),
            )
            for packet, found, digest, check, classes, novelty, received in zip(
                packets, examined, digests, checks, classified, judged, ingest_times, strict=True
            )
        ]

    def _annotation(
        self,
        packet: Packet,
        result: Embedded,
        backbone: BackboneInfo,
        epoch: EpochCheck,
        classes: Classified,
        novelty: Judgement,
        received: datetime,
        now: datetime,
    ) -> Annotation:
        return Annotation(
            pipeline_version=self._version,
            survey=packet.survey.name,
            object_id=packet.object_id,
            epoch_id=packet.epoch_id,
            band=packet.band,
            mjd=packet.mjd,
            ra=packet.ra,
            dec=packet.dec,
            ingest_time=received,
            annotate_time=now,
            backbone=backbone,
            image=ImageInfo(result.masked_fraction, packet.seeing, packet.snr, packet.magnitude),
            epoch=epoch,
            classifications=novelty.rated(classes.classifications),
            streak=classes.streak,
            lens=classes.lens,
            novelty=novelty.novelty,
            estimates=novelty.estimates,
        )


def stamp_pair(packet: Packet) -> StampPair:
    """Read the science image and its reference; what cannot be read is passed on as the reason."""
    science = _cutout(packet.science)
    if isinstance(science, Cutout) and packet.mask is not None:
        science = _masked(science, _cutout(packet.mask))
    facts = packet.survey.facts
    seeing = packet.seeing or facts.seeing
    return StampPair(_stamp(packet, science), _stamp(packet, _cutout(packet.reference)), facts.frame, seeing)


def _stamp(packet: Packet, cutout: Cutout | StampError) -> Stamp | StampError:
    return cutout if isinstance(cutout, StampError) else Stamp(cutout, packet.survey.geometry(packet, cutout))


def _cutout(stamp: bytes | None) -> Cutout | StampError:
    if not stamp:
        return StampError(StampReason.MISSING, "the packet has no such image")
    try:
        return read_cutout(stamp)
    except StampError as error:
        return error.kept()


def _masked(science: Cutout, mask: Cutout | StampError) -> Cutout | StampError:
    shapes = (science.image.shape, science.image.shape[-2:])  # one mask a band, or one for all
    if isinstance(mask, StampError) or mask.image.shape not in shapes:
        return StampError(StampReason.CORRUPT, "the mask is not an image of the science stamp's shape")
    image = np.where(mask.image != 0, np.float32(np.nan), science.image)
    return Cutout(image, science.header, science.variance, science.psf)


def _rounded(embedding: NDArray[np.float32] | None) -> NDArray[np.float16] | None:
    return None if embedding is None else half(embedding)
