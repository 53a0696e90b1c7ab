"""A made-up annotation for tests of how annotations travel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from broker.annotation import (
    Annotation,
    BackboneInfo,
    Classification,
    EpochCheck,
    EpochState,
    Estimate,
    ImageInfo,
    Lens,
    Neighbour,
    Novelty,
    NoveltyState,
    Streak,
)

if TYPE_CHECKING:
    from broker.packet import Packet

TIME = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)


def annotation_of(packet: Packet, digest: str = "digest") -> Annotation:
    """Every optional part filled, so that every part of the schema is written."""
    return Annotation(
        pipeline_version="0",
        survey=packet.survey.name,
        object_id=packet.object_id,
        epoch_id=packet.epoch_id,
        band=packet.band,
        mjd=packet.mjd,
        ra=packet.ra,
        dec=packet.dec,
        ingest_time=TIME,
        annotate_time=TIME,
        backbone=BackboneInfo("network", digest),
        image=ImageInfo(0.25, seeing=None, snr=5.5, magnitude=19.25),
        epoch=EpochCheck(EpochState.JUDGED, "rule", 3, problematic=True, score=1.5, reference_distance=2.5),
        classifications=(Classification("lens", "1", "reference", reason="pixel scale too coarse"),),
        streak=Streak(1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
        lens=Lens(1.0, 0.5),
        novelty=(Novelty("science", NoveltyState.SCORED, neighbours=(Neighbour("1", 0.5),)),),
        estimates=(Estimate("mass", 10.0, 0.5, 16),),
    )
