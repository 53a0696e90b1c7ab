"""Faults of the detector and its electronics: they change pixels, after the light has fallen.

Each takes an image without missing pixels, a generator, the sky noise and the seeing's FWHM [px],
and returns a changed copy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.simulate.worlds.light_faults import NEAR, between, is_near, offsets
from models.simulate.worlds.observed import Floats

Detector = Callable[[Floats, np.random.Generator, float, float], Floats]


def cosmic_rays(image: Floats, rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Draw one to three particles: tracks of 1 to 30 px, more or less bent, as sharp as the pixels."""
    del fwhm  # a particle knows no seeing
    spoilt = image.copy()
    for _ in range(rng.integers(1, 4)):
        steps = round(4 * between(rng, 1, 30))
        angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, rng.choice([0.0, 0.12]), steps))
        start = rng.uniform(0, 1, 2) * image.shape
        row = np.rint(start[0] + np.cumsum(np.sin(angle)) / 4).astype(int)
        column = np.rint(start[1] + np.cumsum(np.cos(angle)) / 4).astype(int)
        inside = (row >= 0) & (row < image.shape[0]) & (column >= 0) & (column < image.shape[1])
        charge = between(rng, 8, 250) * sigma / 4
        np.add.at(spoilt, (row[inside], column[inside]), charge * rng.uniform(0.6, 1.4, int(inside.sum())))
    return spoilt


def bad_column(image: Floats, rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Draw one to three neighbouring columns or rows that are bright, dark or dead, all along or from a row on."""
    del fwhm
    spoilt = image.copy()
    lines = spoilt if rng.random() < 0.5 else spoilt.T
    first, width = int(rng.integers(lines.shape[1] - 3)), int(rng.integers(1, 4))
    start = int(rng.integers(lines.shape[0] // 2)) if rng.random() < 0.4 else 0
    columns = lines[:: rng.choice([-1, 1])][start:, first : first + width]
    if rng.random() < 0.25:
        columns[:] = np.median(image) - sigma * between(rng, 3, 100)
    else:
        columns += rng.choice([-1.0, 1.0], p=[0.3, 0.7]) * sigma * between(rng, 2, 100)
    return spoilt


def edge(image: Floats, rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Lose 5 to 60 % of the stamp beyond the detector's edge, without saying so: zeros, or another constant."""
    del fwhm
    spoilt = image.copy()
    lines = spoilt if rng.random() < 0.5 else spoilt.T
    lost = max(1, round(lines.shape[1] * rng.uniform(0.05, 0.6)))
    constant = np.median(image) + rng.choice([-1.0, 1.0]) * sigma * between(rng, 2, 30)
    lines[:, :: rng.choice([-1, 1])][:, :lost] = rng.choice([0.0, constant])
    return spoilt


def bleeding(image: Floats, rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Spill charge along the columns: from the stamp's brightest star, or from one beyond the stamp."""
    spoilt = image.copy()
    level = np.median(image)
    row, column = divmod(int(np.argmax(image)), image.shape[1])
    full = between(rng, 30, 1000) * sigma
    if image[row, column] - level > 100 * sigma and rng.random() < 0.7:
        full = max(full, 0.7 * float(image[row, column] - level))
        dy, dx = offsets((image.shape[0], image.shape[1]), row, column)
        spoilt[np.hypot(dy, dx) < fwhm * rng.uniform(0.4, 0.9)] = level + full
        first, last = row - between(rng, 3, 15) * fwhm, row + between(rng, 3, 15) * fwhm
    else:
        column = int(rng.integers(image.shape[1]))
        reach = rng.uniform(0.1, 1.3) * image.shape[0]
        first, last = rng.choice([(-np.inf, reach), (image.shape[0] - reach, np.inf)])
    half = max(fwhm * rng.uniform(0.15, 0.5), 0.6)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    # The spill is a column or two narrower towards its ends.
    taper = np.clip(np.minimum(rows - first, last - rows) / (2 * fwhm), 0, 1)
    spilt = np.abs(columns - column) < half * taper
    spoilt[spilt] = np.maximum(spoilt[spilt], level + full)
    return spoilt


def crosstalk(image: Floats, rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Mirror a saturated star's core from another amplifier: a sharp-edged mark of either sign."""
    shape = (image.shape[0], image.shape[1])
    y, x = rng.uniform(0.03, 0.97, 2) * shape
    # A mark in the middle must be too large to be taken for a source that changed.
    radius = fwhm * (rng.uniform(NEAR / 2, 1.6) if is_near(shape, y, x, fwhm) else rng.uniform(0.2, 1.5))
    longer = rng.choice([1.0, rng.uniform(1.5, 3)])
    dy, dx = offsets(shape, y, x)
    mark = np.hypot(dy / longer, dx) < max(radius, 0.8)
    return np.asarray(image + mark * (rng.choice([-1.0, 1.0]) * sigma * between(rng, 2, 80)))


DETECTOR_FAULTS: dict[str, Detector] = {
    "cosmic rays": cosmic_rays,
    "bad column": bad_column,
    "edge": edge,
    "bleeding": bleeding,
    "crosstalk": crosstalk,
}
