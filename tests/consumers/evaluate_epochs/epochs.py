"""Judged epochs and examiners for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.embedding import Embedder
from broker.examiner import Examiner
from consumers.evaluate_epochs.judged import JudgedEpoch
from consumers.evaluate_epochs.rules import RULES
from models.simulate.worlds.observed import Exposure, Observed

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 63


class MeanBackbone:
    """Features that are means over squares of the image."""

    name = "means"
    input_size = 32
    manifest: dict[str, str] = {"weights": "0" * 64}  # noqa: RUF012  read only

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return images.mean(axis=-1).reshape(len(images), 8, 4, 8, 4).mean(axis=(2, 4)).reshape(len(images), 64)


class LitPixels:
    """Log odds that rise with the number of pixels that changed."""

    input_size = 32

    def log_odds(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        changed = np.abs(planes[..., 2]) > np.arcsinh(5.0) / 3.0
        return (changed.sum(axis=(1, 2)) / 10.0 - 2.0).astype(np.float32)


def examiner() -> Examiner:
    return Examiner(Embedder(MeanBackbone()), LitPixels())


def image(seed: int, noise: float = 1.0) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    light = 300.0 * np.exp(-((rows - 31) ** 2 + (columns - 31) ** 2) / 5.0)
    return (light + np.random.default_rng(seed).normal(0.0, noise, light.shape)).astype(np.float32)


def exposure(number: int, **truth: object) -> Exposure:
    science = truth.pop("science", image(number))
    return Exposure(**{"science": science, "mjd": 60000.0 + number, "fwhm": 2.6, "sigma": 1.0, **truth})


def observed(*exposures: Exposure) -> Observed:
    return Observed("one", "ztf", 1.01, 31.0, 31.0, image(9999, 0.2), exposures)


def judged(
    score: float | None, number: int = 0, *, earlier: int = 0, readable: bool = True, **truth: object
) -> JudgedEpoch:
    """An epoch that every rule gives this score."""
    shot = exposure(number, **truth)
    scores = dict.fromkeys(RULES, score) if readable else {}
    return JudgedEpoch("monitoring", number, observed(shot), shot, earlier, readable, scores)


def bad(score: float | None, number: int = 0, *, snr: float = 30.0, kind: str = "trail", **more: object) -> JudgedEpoch:
    return judged(score, number, fault=kind, fault_snr=snr, **more)
