"""Difference imaging at one place: what decides whether a survey sends an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.simulate.worlds.exposing import Conditions, Shot
    from models.simulate.worlds.observed import Floats

THRESHOLD = 5.0
"""Surveys send what differs by so many sigma."""


class Detector:
    """Measures how significantly science images differ from the reference at the object's place.

    Each image is convolved with the other's point-spread function, which makes the two alike and weights
    them nearly as a point source wants it. At one place that is a sum with weights.

    Parameters
    ----------
    reference : Shot
    under : Conditions
        Of the science images, as the survey knows them: nothing of a fault is in them.
    """

    def __init__(self, reference: Shot, under: Conditions) -> None:
        canvas = reference.scene.canvas
        self._under = under
        self._weights = canvas.image(np.conj(reference.conditions.transfer))
        flux, variance = _weighted(reference.image, canvas.image(np.conj(under.transfer)), reference.conditions)
        self._reference = under.transparency * flux
        self._variance = under.transparency**2 * variance

    def snr(self, science: Floats) -> float:
        """Return the S/N of the difference, negative where the object faded."""
        flux, variance = _weighted(science, self._weights, self._under)
        return (flux - self._reference) / float(np.sqrt(variance + self._variance))

    def detects(self, science: Floats) -> bool:
        """Whether the survey would send this image."""
        return abs(self.snr(science)) > THRESHOLD


def _weighted(image: Floats, weights: Floats, under: Conditions) -> tuple[float, float]:
    """Return the weighted sum of an image above its background, and its variance."""
    sources = image - under.background
    variance = under.variance(sources)
    return float((weights * sources).sum()), float((weights**2 * variance).sum())
