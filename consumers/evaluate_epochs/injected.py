"""Faults painted onto real good stamps: what would be found of artefacts in a survey's own noise and fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from broker.stamp_pair import Stamp
from consumers.evaluate_epochs.packets import judge
from consumers.evaluate_epochs.worlds import examine
from models.baselines.matching import convolve, noise, shrinking
from models.simulate.worlds.detector_faults import DETECTOR_FAULTS
from models.simulate.worlds.faults import KINDS, inject
from models.simulate.worlds.light_faults import LIGHT_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from broker.examiner import Examiner
    from broker.geometry import Geometry, SkyFrame
    from broker.stamp_pair import StampPair
    from consumers.evaluate_epochs.packets import RealEpoch

#: Stamps that are worked on together.
TOGETHER = 10
#: What is brighter belongs to a source [sigma of the image smoothed by its seeing].
SOURCE = 5.0
#: Of an undersampled survey's point source [px].
LEAST_FWHM = 1.2
_FWHM_TO_SIGMA = 1 / 2.3548


@dataclass(frozen=True, slots=True, eq=False)
class Injected:
    """A real stamp with a fault.

    Attributes
    ----------
    epoch : RealEpoch
        As it came.
    kind : str
    snr : float
        Root of the sum of ((bad - good) / sigma)^2 over the sky frame, beyond which no rule looks.
    told : bool
        Whether `sosia` flags it, or it cannot be read.
    """

    epoch: RealEpoch
    kind: str
    snr: float
    told: bool


def inject_all(epochs: Iterable[RealEpoch], examiner: Examiner, draws: int, seed: int) -> list[Injected]:
    """Put every kind of fault onto every stamp and judge it, with the same past as the stamp itself.

    Parameters
    ----------
    epochs : iterable of RealEpoch
        With a science image of one band.
    examiner : Examiner
    draws : int
        Faults of each kind a stamp.
    seed : int
        What is drawn for a stamp depends on it and on the stamp's epoch id only.
    """
    remaining, injected = iter(epochs), []
    while part := list(islice(remaining, TOGETHER)):
        recipes = [(epoch, kind, draw) for epoch in part for kind in range(len(KINDS)) for draw in range(draws)]
        spoilt = [
            _spoilt(epoch.pair, KINDS[kind], [seed, int(epoch.packet.epoch_id), kind, draw])
            for epoch, kind, draw in recipes
        ]
        examined = examine(examiner, [pair for pair, _ in spoilt])
        for (epoch, kind, _), (_, snr), result in zip(recipes, spoilt, examined, strict=True):
            score = judge(result, epoch.past)
            told = result.embedded.science_embedding is None or (score is not None and score > 1.0)
            injected.append(Injected(epoch, KINDS[kind], snr, told=told))
    return injected


def _spoilt(pair: StampPair, kind: str, seed: Sequence[int]) -> tuple[StampPair, float]:
    assert isinstance(pair.science, Stamp)  # what cannot be read is not injected into
    image, geometry = pair.science.cutout.image, pair.science.geometry
    sigma = noise(image)
    fwhm = max(pair.seeing * abs(np.linalg.det(np.reshape(geometry.matrix, (2, 2)))) ** 0.5, LEAST_FWHM)

    def with_fault(picture: NDArray[np.float32], scatter: float) -> NDArray[np.float32]:
        return inject(picture, kind, np.random.default_rng(seed), scatter, fwhm)

    bad = with_fault(image, sigma)
    if kind in LIGHT_FAULTS or kind in DETECTOR_FAULTS:
        change = bad - image
    else:  # the noise was drawn again: the fault is what becomes of the sources, seen in an image without noise
        sources = _sources(image, sigma, fwhm)
        change = with_fault(sources, 0.0) - sources
    inside = _inside(image.shape, geometry, pair.frame)
    snr = float(np.sqrt(np.nansum((change[inside].astype(np.float64) / sigma) ** 2)))
    return replace(pair, science=replace(pair.science, cutout=replace(pair.science.cutout, image=bad))), snr


def _inside(shape: tuple[int, ...], geometry: Geometry, frame: SkyFrame) -> NDArray[np.bool_]:
    """Tell which of a stamp's pixels (rows, columns) the sky frame covers."""
    y, x = np.indices(shape)
    offset = np.stack([x - geometry.x, y - geometry.y], axis=-1)
    on_sky = offset @ np.linalg.inv(np.reshape(geometry.matrix, (2, 2))).T
    return np.asarray((np.abs(on_sky) <= frame.side * frame.scale / 2).all(axis=-1))


def _sources(image: NDArray[np.float32], sigma: float, fwhm: float) -> NDArray[np.float32]:
    """Return an image (rows, columns) with its sky levelled wherever no source is detected."""
    level = np.nanmedian(image)
    width = fwhm * _FWHM_TO_SIGMA
    lit = np.nan_to_num(convolve(image, width) - level) > SOURCE * sigma * shrinking(width)
    grown = convolve(lit.astype(np.float32), width) > 0.05
    return np.where(grown | np.isnan(image), image, level).astype(np.float32)
