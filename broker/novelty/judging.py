"""Judges the novelty of a batch of packets by the versions of the index in use while it is judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from broker.annotation import Novelty, NoveltyState
from broker.cutout import read_cutout
from broker.history.embedding_bytes import half
from broker.novelty.annotate import Image, judge
from broker.novelty.sighting import REFERENCE, SCIENCE, Identity, Population
from models.morphology.disturbance import DisturbanceMeter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from broker.annotation import Classification, EpochCheck, Estimate
    from broker.embedding import Embedded
    from broker.novelty.annotate import Judged
    from broker.novelty.false_positives import FalsePositives
    from broker.novelty.versions import Version
    from broker.packet import Packet
    from models.merger_finder import MergerFinder


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the index says of one packet.

    Attributes
    ----------
    novelty : tuple of Novelty
        Of the science image, and of the reference where configured.
    estimates : tuple of Estimate
        Read off the science image's look-alikes.
    """

    novelty: tuple[Novelty, ...]
    estimates: tuple[Estimate, ...]
    _false_positives: FalsePositives | None = None

    def rated(self, classifications: Sequence[Classification]) -> tuple[Classification, ...]:
        """Return classifiers' verdicts with the share of ordinary images that score higher."""
        known = self._false_positives
        return tuple(classifications if known is None else map(known.rated, classifications))


class NoveltyJudge:
    """Judges batches.

    Parameters
    ----------
    versions : callable, optional
        Returns the version in use of each survey; asked once a batch, so that all of it is judged by the same. None:
        no index is configured.
    reference : bool
        Judge the reference image too, among references.
    finder : MergerFinder, optional
        Of whoever has it open, for pictures, which are judged by their shape.
    """

    def __init__(
        self,
        versions: Callable[[], Mapping[str, Version]] | None = None,
        *,
        reference: bool = False,
        finder: MergerFinder | None = None,
    ) -> None:
        self._versions = versions
        self._images = (SCIENCE, REFERENCE) if reference else (SCIENCE,)
        self._meter = DisturbanceMeter(finder)

    def judge(
        self,
        packets: Sequence[Packet],
        embedded: Sequence[Embedded],
        digests: Sequence[str],
        checks: Sequence[EpochCheck],
    ) -> list[Judgement]:
        """Judge a batch; one judgement a packet, in order."""
        versions = {} if self._versions is None else self._versions()
        images = [
            _image(which, packet, found, digest, check)
            for packet, found, digest, check in zip(packets, embedded, digests, checks, strict=True)
            for which in self._images
        ]
        judged = [self._unless_none(one) for one in judge(self._measured(images, packets, versions), versions)]
        each = len(self._images)
        return [
            Judgement(
                tuple(one.novelty for one in judged[start : start + each]),
                judged[start].estimates,
                _false_positives(versions.get(images[start].population.survey), images[start]),
            )
            for start in range(0, len(images), each)
        ]

    def _measured(
        self, images: Sequence[Image], packets: Sequence[Packet], versions: Mapping[str, Version]
    ) -> list[Image]:
        """Measure the images of which the index asks how disturbed they are."""
        owners = (packet for packet in packets for _ in self._images)
        pictures = [_picture(packet, image, versions) for packet, image in zip(owners, images, strict=True)]
        measures = iter(self._meter.measure([one for one in pictures if one is not None]))
        return [
            image if picture is None else replace(image, disturbance=next(measures))
            for image, picture in zip(images, pictures, strict=True)
        ]

    def _unless_none(self, judged: Judged) -> Judged:
        if self._versions is None and judged.novelty.state is NoveltyState.NO_INDEX:
            novelty = Novelty(judged.novelty.input_image, NoveltyState.NO_INDEX, reason="no index is configured")
            return type(judged)(novelty)
        return judged


def _image(which: str, packet: Packet, found: Embedded, digest: str, check: EpochCheck) -> Image:
    embedding, reason = (
        (found.science_embedding, found.science_reason)
        if which == SCIENCE
        else (found.reference_embedding, found.reference_reason)
    )
    rounded: NDArray[np.float16] | None = None if embedding is None else half(embedding)  # as the index's are
    return Image(
        Population(packet.survey.name, packet.band or "", which),
        Identity(packet.object_id, packet.ra, packet.dec),
        rounded,
        digest,
        first=check.n_epochs == 0,
        problematic=which == SCIENCE and bool(check.problematic),
        reason=None if reason is None else str(reason),
    )


def _picture(packet: Packet, image: Image, versions: Mapping[str, Version]) -> NDArray[np.floating] | None:
    """Return an image that could be embedded, where the index asks how disturbed it is."""
    version = versions.get(packet.survey.name)
    index = None if version is None or image.embedding is None else version.of(image.population)
    if index is None or index.undisturbed is None:
        return None
    payload = packet.science if image.population.image == SCIENCE else packet.reference
    return None if payload is None else read_cutout(payload).image


def _false_positives(version: Version | None, science: Image) -> FalsePositives | None:
    if version is None or version.manifest.digest != science.digest:
        return None
    index = version.of(science.population)
    return None if index is None else index.false_positives
