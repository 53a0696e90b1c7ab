"""CompareWarp at stamp level: what deviates from the sky's model in few of the epochs is an artefact.

After the description of the Rubin Observatory's algorithm (AlSayyad, DMTN-080): bring the epochs to one resolution,
subtract a model of the static sky, and detect what is left, brighter and fainter. A real variable deviates in many
epochs, an artefact in few: a footprint is one where more than half of its pixels deviate in at most
min(0.4 N, 2 + 0.03 N) of N epochs.

Made causal: the N epochs are those known so far, the judged one included. While there are too few for a clipped mean,
the stack itself, PSF-matched, is the sky's model, and counts as one more epoch, which deviates nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.baselines.matching import MAD_TO_SIGMA, convolve, with_sources

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.baselines.matching import Difference

#: Threshold in DMTN-080, and in the code of today [sigma].
THRESHOLD, THRESHOLD_TODAY = 5.0, 7.5
MIN_PIXELS = 4
#: Share of a footprint's pixels that must deviate in few epochs.
SPATIAL = 0.5
#: Of the sky's model [sigma]; in fewer epochs than these it rejects next to nothing, since none of N values
#: is more than (N - 1) / sqrt(N) standard deviations from their mean.
CLIP, CLIPS, MIN_MODEL = 2.5, 3, 10
#: The common resolution is this percentile of the known seeing, or the judged epoch's own where that is worse.
PERCENTILE = 90
#: Below the threshold, footprints are sought at this share of it: an epoch that is not flagged has a score as well.
FAINT = 0.5

_FWHM_TO_SIGMA = 1 / 2.3548


class CompareWarp:
    """The epochs of one object, judged one after the other."""

    def __init__(self) -> None:
        self._science: list[NDArray[np.float32]] = []
        self._fwhm: list[float] = []
        self._from_stack: list[NDArray[np.float64]] = []
        #: The epochs at a common resolution, by this.
        self._warped: dict[float, list[NDArray[np.float64]]] = {}

    def judge(
        self, science: NDArray[np.float32], fwhm: float, difference: Difference
    ) -> tuple[float | None, float | None]:
        """Judge the next epoch, and remember it.

        Parameters
        ----------
        science : array (side, side)
            NaN where missing.
        fwhm : float
            Seeing [px].
        difference : Difference
            Of the image and the stack.

        Returns
        -------
        tuple of float or None
            Scores for `THRESHOLD` and for `THRESHOLD_TODAY`; over 1 means problematic. None while so few epochs are
            known that one would be too many.
        """
        self._science.append(science)
        self._fwhm.append(fwhm)
        self._from_stack.append(difference.flux / difference.noise)
        deviations = self._from_model()
        few = few_epochs(len(deviations))
        if len(deviations) < MIN_MODEL:
            deviations, few = np.stack(self._from_stack), few_epochs(len(self._from_stack) + 1)
        if few < 1.0:
            return None, None
        scores = (artefact(deviations, few, threshold) / threshold for threshold in (THRESHOLD, THRESHOLD_TODAY))
        return next(scores), next(scores)

    def _from_model(self) -> NDArray[np.float64]:
        """Return significances (n, side, side) of the epochs of sufficient seeing minus their clipped mean."""
        seeing = np.array(self._fwhm)
        # In steps, so that most epochs find the others warped already.
        target = float(np.ceil(4 * max(np.percentile(seeing, PERCENTILE), seeing[-1])) / 4)
        sharp = np.flatnonzero(seeing <= target)
        if len(sharp) < MIN_MODEL:
            return np.empty((0, *self._science[-1].shape))
        warped = self._warped.setdefault(target, [])
        for number in range(len(warped), len(self._science)):
            warped.append(_warp(self._science[number], self._fwhm[number], target))
        epochs = np.stack([warped[number] for number in sharp])
        model = clipped_mean(epochs)
        return np.stack([_significance(epoch, model) for epoch in epochs])


def few_epochs(n: int) -> float:
    """Return in how many of n epochs an artefact may be seen."""
    return min(0.4 * n, 2.0 + 0.03 * n)


def artefact(deviations: NDArray[np.float64], few: float, threshold: float) -> float:
    """Return the significance [sigma] of the last epoch's worst artefact; under the threshold, of its worst candidate.

    Parameters
    ----------
    deviations : array (n, side, side)
        Every known epoch minus the sky's model [sigma]; NaN where missing.
    few : float
        In how many an artefact may be seen.
    threshold : float
        [sigma].
    """
    for level in (threshold, FAINT * threshold):
        deviating = np.abs(np.nan_to_num(deviations)) > level
        rare = deviating.sum(axis=0) <= few
        strengths = np.abs(deviations[-1])
        # The level at which a footprint would have no more than the least number of pixels.
        found = [
            float(np.sort(strengths[footprint])[-MIN_PIXELS])
            for footprint in footprints(deviating[-1])
            if rare[footprint].mean() > SPATIAL
        ]
        if found:
            return max(found) if level == threshold else min(max(found), threshold)
    return 0.0


def footprints(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Split a mask (rows, columns) into groups of touching pixels, diagonally too, of `MIN_PIXELS` at least."""
    labels = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), dtype=np.int64)
    inside = labels[1:-1, 1:-1]
    inside[mask] = np.arange(1, np.count_nonzero(mask) + 1)
    while True:
        along = np.maximum(np.maximum(labels[:-2], labels[1:-1]), labels[2:])
        spread = np.where(mask, np.maximum(np.maximum(along[:, :-2], along[:, 1:-1]), along[:, 2:]), 0)
        if (spread == inside).all():
            break
        inside[:] = spread
    names, counts = np.unique(inside[mask], return_counts=True)
    return [inside == name for name in names[counts >= MIN_PIXELS]]


def clipped_mean(epochs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean (side, side) of epochs (n, side, side) without what lies over `CLIP` off; NaN where none is."""
    kept = ~np.isnan(epochs)
    values = np.where(kept, epochs, 0.0)
    mean = _mean(values, kept)
    for _ in range(CLIPS):
        scatter = np.sqrt(_mean((values - mean) ** 2, kept))
        kept &= np.abs(values - mean) <= CLIP * scatter
        mean = _mean(values, kept)
    return np.where(np.isnan(epochs).all(axis=0), np.nan, mean)


def _mean(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(np.where(kept, values, 0.0).sum(axis=0) / np.maximum(kept.sum(axis=0), 1))


def _warp(science: NDArray[np.float32], fwhm: float, target: float) -> NDArray[np.float64]:
    """Widen an epoch to the common resolution, its background taken off."""
    width = round(_FWHM_TO_SIGMA * float(np.sqrt(max(target**2 - fwhm**2, 0.0))), 2)
    return convolve(science, width) - float(np.nanmedian(science))


def _significance(epoch: NDArray[np.float64], model: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide a difference by its own scatter, and by what a subtraction leaves of sources."""
    flux = epoch - model
    flux = flux - np.nanmedian(flux)
    scatter = MAD_TO_SIGMA * float(np.nanmedian(np.abs(flux)))
    significance: NDArray[np.float64] = flux / with_sources(scatter, model)
    return significance
