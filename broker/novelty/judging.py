"""Judges the novelty of a batch of packets by the versions of the index in use while it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.annotation import Novelty, NoveltyState
from broker.cutout import read_cutout
from broker.history.embedding_bytes import half
from broker.novelty.annotate import Image, judge
from broker.novelty.sighting import REFERENCE, SCIENCE, Identity, Population
from models.morphology.disturbance import disturbance

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
    """

    def __init__(self, versions: Callable[[], Mapping[str, Version]] | None = None, *, reference: bool = False) -> None:
        self._versions = versions
        self._images = (SCIENCE, REFERENCE) if reference else (SCIENCE,)

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
            _image(which, packet, found, digest, check, versions.get(packet.survey.name))
            for packet, found, digest, check in zip(packets, embedded, digests, checks, strict=True)
            for which in self._images
        ]
        judged = [self._unless_none(one) for one in judge(images, versions)]
        each = len(self._images)
        return [
            Judgement(
                tuple(one.novelty for one in judged[start : start + each]),
                judged[start].estimates,
                _false_positives(versions.get(images[start].population.survey), images[start]),
            )
            for start in range(0, len(images), each)
        ]

    def _unless_none(self, judged: Judged) -> Judged:
        if self._versions is None and judged.novelty.state is NoveltyState.NO_INDEX:
            novelty = Novelty(judged.novelty.input_image, NoveltyState.NO_INDEX, reason="no index is configured")
            return type(judged)(novelty)
        return judged


def _image(
    which: str, packet: Packet, found: Embedded, digest: str, check: EpochCheck, version: Version | None
) -> Image:
    embedding, reason = (
        (found.science_embedding, found.science_reason)
        if which == SCIENCE
        else (found.reference_embedding, found.reference_reason)
    )
    rounded: NDArray[np.float16] | None = None if embedding is None else half(embedding)  # as the index's are
    population = Population(packet.survey.name, packet.band or "", which)
    return Image(
        population,
        Identity(packet.object_id, packet.ra, packet.dec),
        rounded,
        digest,
        first=check.n_epochs == 0,
        problematic=which == SCIENCE and bool(check.problematic),
        reason=None if reason is None else str(reason),
        disturbance=None if embedding is None else _disturbance(packet, which, version, population),
    )


def _disturbance(
    packet: Packet, which: str, version: Version | None, population: Population
) -> NDArray[np.float32] | None:
    """Measure an image that could be embedded, where the index asks it."""
    index = None if version is None else version.of(population)
    if index is None or index.undisturbed is None:
        return None
    payload = packet.science if which == SCIENCE else packet.reference
    return None if payload is None else disturbance(read_cutout(payload).image)


def _false_positives(version: Version | None, science: Image) -> FalsePositives | None:
    if version is None or version.manifest.digest != science.digest:
        return None
    index = version.of(science.population)
    return None if index is None else index.false_positives
