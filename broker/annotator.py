"""One batch of packets in, one annotation each out."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np

from broker.annotation import Annotation, BackboneInfo, EpochCheck, EpochState, ImageInfo, Novelty, NoveltyState
from broker.cutout import Cutout, read_cutout
from broker.embedding import Embedded, Stamp, StampPair
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from broker.embedding import Embedder
    from broker.frame import SkyFrame
    from broker.packet import Packet

#: With no earlier epochs to compare with, the distance to the reference stands without a verdict.
RULE = "reference-distance"


class Annotator:
    """Compares each packet's science stamp with its stacked reference.

    Parameters
    ----------
    embedder : Embedder
        The backbone behind the sky frame and the stretch.
    clock : callable
        Returns the time, aware and in UTC.
    """

    def __init__(self, embedder: Embedder, clock: Callable[[], datetime]) -> None:
        self._embedder = embedder
        self._clock = clock
        self._version = metadata.version("sosia-broker")

    def annotate(self, packets: Sequence[Packet], ingest_times: Sequence[datetime]) -> list[Annotation]:
        """Annotate a batch.

        Parameters
        ----------
        packets : sequence of Packet
            Of any surveys.
        ingest_times : sequence of datetime
            When each was first received, aware and in UTC.

        Returns
        -------
        list of Annotation
            One a packet, in order. A stamp that cannot be used gives null values with
            a reason, and never touches another packet's.
        """
        embedded = self._embedder.embed([stamp_pair(packet) for packet in packets])
        now = self._clock()
        return [
            self._annotation(packet, result, received, now)
            for packet, result, received in zip(packets, embedded, ingest_times, strict=True)
        ]

    def _backbone(self, frame: SkyFrame) -> BackboneInfo:
        """Name the network; its digest covers the frame, so it is the survey's."""
        return BackboneInfo(self._embedder.backbone.name, self._embedder.digest(frame))

    def _annotation(self, packet: Packet, result: Embedded, received: datetime, now: datetime) -> Annotation:
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
            backbone=self._backbone(packet.survey.facts.frame),
            image=ImageInfo(result.masked_fraction, packet.seeing, packet.snr, packet.magnitude),
            epoch=_epoch(result),
            novelty=(_novelty(result),),
        )


def stamp_pair(packet: Packet) -> StampPair:
    """Read the science image and its reference; what cannot be read is passed on as the reason."""
    science = _cutout(packet.science)
    if isinstance(science, Cutout) and packet.mask is not None:
        science = _masked(science, _cutout(packet.mask))
    return StampPair(_stamp(packet, science), _stamp(packet, _cutout(packet.reference)), packet.survey.facts.frame)


def _stamp(packet: Packet, cutout: Cutout | StampError) -> Stamp | StampError:
    return cutout if isinstance(cutout, StampError) else Stamp(cutout, packet.survey.geometry(packet, cutout))


def _cutout(stamp: bytes | None) -> Cutout | StampError:
    if not stamp:
        return StampError(StampReason.MISSING, "the packet has no such image")
    try:
        return read_cutout(stamp)
    except StampError as error:
        return error


def _masked(science: Cutout, mask: Cutout | StampError) -> Cutout | StampError:
    if isinstance(mask, StampError) or mask.image.shape[-2:] != science.image.shape[-2:]:
        return StampError(StampReason.CORRUPT, "the mask is not an image of the science stamp's shape")
    image = np.where(mask.image != 0, np.float32(np.nan), science.image)
    return Cutout(image, science.header, science.variance, science.psf)


def _epoch(result: Embedded) -> EpochCheck:
    if result.science_reason is not None:
        return EpochCheck(EpochState.UNREADABLE, RULE, reason=str(result.science_reason))
    if result.reference_reason is not None:
        return EpochCheck(EpochState.NO_REFERENCE, RULE, reason=f"reference: {result.reference_reason}")
    return EpochCheck(
        EpochState.WARMING_UP,
        RULE,
        reference_distance=result.reference_distance,
        reason="no earlier epochs to judge the distance by",
    )


def _novelty(result: Embedded) -> Novelty:
    if result.science_reason is not None:
        return Novelty("science", NoveltyState.UNREADABLE, reason=str(result.science_reason))
    return Novelty("science", NoveltyState.NO_INDEX, reason="no index is configured")
