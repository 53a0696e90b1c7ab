"""Everything that may lie on an exposure and is not the sky: some twenty kinds, painted on pixels in units of sigma."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.simulate.sky import Floats

Paint = Callable[[Floats, np.random.Generator, float], Floats]


def blemish(picture: Floats, rng: np.random.Generator, fwhm: float, kind: str | None = None) -> Floats:
    """Spoil an image.

    Parameters
    ----------
    picture : array (rows, columns)
        In units of its sky noise, background 0.
    rng : Generator
    fwhm : float
        Seeing [px].
    kind : str, optional
        One of `KINDS`; drawn where not given.

    Returns
    -------
    array (rows, columns)
        NaN where pixels were lost.
    """
    return KINDS[kind or str(rng.choice(sorted(KINDS)))](picture, rng, fwhm)


def _brightness(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _either_way(picture: Floats, rng: np.random.Generator) -> Floats:
    """Return a view of an image whose rows are its rows or its columns."""
    return picture if rng.random() < 0.5 else picture.T


def _line(picture: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Distances from a random line across the image, and places along it [px]."""
    rows, columns = picture.shape
    angle, offset = rng.uniform(0, np.pi), rng.uniform(-0.45, 0.45) * min(rows, columns)
    y, x = np.mgrid[:rows, :columns]
    y, x = y - (rows - 1) / 2, x - (columns - 1) / 2
    return x * np.sin(angle) - y * np.cos(angle) - offset, x * np.cos(angle) + y * np.sin(angle)


def _place(picture: Floats, rng: np.random.Generator, spread: float = 1.0) -> tuple[Floats, Floats]:
    """Offsets of all pixels from a random point [px]."""
    rows, columns = picture.shape
    y, x = np.mgrid[:rows, :columns]
    row, column = (0.5 + spread * rng.uniform(-0.5, 0.5, 2)) * (rows, columns)
    return y - row, x - column


def _trail(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    across, along = _line(picture, rng)
    width = fwhm / 2.355 * rng.choice([1.1, rng.uniform(1.0, 3.0)])
    profile = np.exp(-0.5 * (across / width) ** 2)
    if rng.random() < 0.3:  # an aeroplane's lamps, a tumbling satellite
        profile *= np.clip(np.sin(along / rng.uniform(1, 6) + rng.uniform(0, 6)), 0, 1) ** rng.choice([1, 4])
    if rng.random() < 0.3:  # it enters the Earth's shadow
        profile *= along > rng.uniform(-0.3, 0.3) * len(picture)
    return np.asarray(picture + _brightness(rng, 2, 200) * profile)


def _cosmic_rays(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    del fwhm  # a particle knows no seeing
    spoilt = picture.copy()
    rows, columns = picture.shape
    for _ in range(int(rng.choice([1, 1, 2, 5]))):
        angle, length = rng.uniform(0, 2 * np.pi), rng.exponential(0.12) * rows
        steps = np.arange(0, length + 0.5, 0.5)
        bend = rng.normal(0, 0.02) * steps**2 / 10
        row = (rng.uniform(0, rows) + steps * np.sin(angle) + bend).astype(int).clip(0, rows - 1)
        column = (rng.uniform(0, columns) + steps * np.cos(angle)).astype(int).clip(0, columns - 1)
        spoilt[row, column] += _brightness(rng, 8, 2000) * rng.uniform(0.4, 1.6, len(steps))
    return spoilt


def _lines(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Bad columns or rows, whole or in part."""
    del fwhm
    spoilt = picture.copy()
    either = _either_way(spoilt, rng)
    for _ in range(int(rng.choice([1, 1, 1, 3]))):
        first, start = rng.integers(0, len(either)), rng.integers(0, either.shape[1])
        part = slice(0, None) if rng.random() < 0.6 else slice(start, None)
        either[first : first + rng.integers(1, 4), part] += rng.choice([-1.0, 1.0]) * _brightness(rng, 3, 200)
    return spoilt


def _edge(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Pixels beyond the CCD: NaN, or the constant that some pipelines write."""
    del fwhm
    spoilt = picture.copy()
    either = _either_way(spoilt, rng)
    width = round(len(either) * rng.uniform(0.05, 0.45))
    fill = np.nan if rng.random() < 0.6 else rng.choice([0.0, -rng.uniform(3, 100), rng.uniform(3, 100)])
    either[slice(0, width) if rng.random() < 0.5 else slice(len(either) - width, None)] = fill
    return spoilt


def _gap(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Masked pixels in the middle: a disc round a bright star, or a band between two amplifiers."""
    del fwhm
    spoilt = picture.copy()
    fill = np.nan if rng.random() < 0.5 else rng.normal(0, 2)
    if rng.random() < 0.5:
        y, x = _place(picture, rng)
        spoilt[np.hypot(y, x) < rng.uniform(0.03, 0.2) * len(picture)] = fill
    else:
        first = int(rng.integers(0, len(picture)))
        spoilt[first : first + int(rng.integers(1, 2 + len(picture) // 8))] = fill
    return spoilt


def _bleeding(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    y, x = _place(picture, rng)
    full = _brightness(rng, 100, 20000)
    length, width = rng.uniform(0.1, 1.0) * len(picture), max(1.0, 0.5 * fwhm * rng.uniform(0.5, 1.5))
    star = full * 10 * (1 + (np.hypot(x, y) / fwhm) ** 2) ** -rng.uniform(1.6, 2.5)
    trail = full * (np.abs(x) < width / 2) * (np.abs(y) < length)
    spoilt = np.minimum(picture + star, full)
    return np.asarray(np.maximum(spoilt, trail))


def _ghost(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Add a bright star's light that came another way: a ring, a disc or an arc with soft edges."""
    y, x = _place(picture, rng, spread=2.0)
    radius, outer = np.hypot(x, y), rng.uniform(0.1, 0.8) * len(picture)
    inner, soft = outer * rng.choice([0.0, rng.uniform(0.2, 0.9)]), rng.uniform(0.3, 1.0) * fwhm
    shape = 1 / (1 + np.exp(np.clip((radius - outer) / soft, -50, 50)))
    shape = shape / (1 + np.exp(np.clip((inner - radius) / soft, -50, 50)))
    if rng.random() < 0.3:
        shape = shape * (np.cos(np.arctan2(y, x) - rng.uniform(0, 2 * np.pi)) > rng.uniform(-0.5, 0.8))
    return np.asarray(picture + _brightness(rng, 0.5, 60) * shape)


def _spikes(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Diffraction spikes of a bright star, in the image or beside it."""
    y, x = _place(picture, rng, spread=1.6)
    turn, width = rng.uniform(0, np.pi / 2), rng.uniform(0.4, 1.0) * fwhm
    spikes = np.zeros_like(picture)
    for arm in range(int(rng.choice([2, 2, 3]))):
        angle = turn + arm * np.pi / (2 if rng.random() < 0.8 else 3)
        across, along = x * np.sin(angle) - y * np.cos(angle), x * np.cos(angle) + y * np.sin(angle)
        spikes += np.exp(-0.5 * (across / width) ** 2) / (1 + (along / (3 * fwhm)) ** 2)
    halo = (1 + (np.hypot(x, y) / fwhm) ** 2) ** -rng.uniform(1.2, 2.0)
    return np.asarray(picture + _brightness(rng, 5, 3000) * (spikes + rng.choice([0, 10]) * halo))


def _gradient(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    del fwhm
    across, along = _line(picture, rng)
    side = len(picture)
    return np.asarray(picture + rng.uniform(2, 60) * (along / side + rng.normal(0, 0.5) * (across / side) ** 2))


def _fringes(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    across, along = _line(picture, rng)
    wave = across + rng.normal(0, 0.1) * along**2 / len(picture)
    return np.asarray(picture + rng.uniform(0.5, 10) * np.sin(2 * np.pi * wave / (fwhm * rng.uniform(1, 8))))


def _crosstalk(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Copy the shape of a star elsewhere on the detector, bright or dark, sharp or with a trail."""
    y, x = _place(picture, rng)
    spot = (np.hypot(x, y) < fwhm * rng.uniform(0.3, 2.0)).astype(float)
    if rng.random() < 0.4:
        spot += 0.3 * (np.abs(x) < 0.7) * (y > 0)
    return np.asarray(picture + rng.choice([-1.0, 1.0]) * _brightness(rng, 3, 100) * spot)


def _mover(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Draw an asteroid's short trail."""
    across, along = _line(picture, rng)
    width, half = fwhm / 2.355, fwhm * rng.uniform(0.2, 6.0)
    beyond = np.maximum(np.abs(along - rng.uniform(-0.4, 0.4) * len(picture)) - half, 0.0)
    return np.asarray(picture + _brightness(rng, 4, 300) * np.exp(-0.5 * (across**2 + beyond**2) / width**2))


def _step(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Two amplifiers of different bias."""
    del fwhm
    spoilt = picture.copy()
    either = _either_way(spoilt, rng)
    either[rng.integers(1, len(either)) :] += rng.choice([-1, 1]) * _brightness(rng, 1, 30)
    return spoilt


def _banding(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    del fwhm
    spoilt = picture.copy()
    either = _either_way(spoilt, rng)
    either += rng.normal(0, rng.uniform(0.5, 5), (len(either), 1))
    return spoilt


def _hot_pixels(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    del fwhm
    spoilt = picture.copy()
    hot = rng.random(picture.shape) < rng.choice([0.001, 0.01, 0.03])
    spoilt[hot] += rng.choice([-1.0, 1.0], hot.sum(), p=[0.2, 0.8]) * rng.exponential(rng.uniform(5, 100), hot.sum())
    return spoilt


def _dipole(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    y, x = _place(picture, rng, spread=0.5)
    angle, apart = rng.uniform(0, 2 * np.pi), fwhm * rng.uniform(0.2, 1.0)
    flux = _brightness(rng, 5, 300)
    for sign in (1, -1):
        r2 = (x - sign * apart * np.cos(angle)) ** 2 + (y - sign * apart * np.sin(angle)) ** 2
        picture = picture + sign * flux * np.exp(-0.5 * r2 / (fwhm / 2.355) ** 2)
    return picture


def _noisy(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Twilight, moonlight, an aurora: much more noise."""
    del fwhm
    return np.asarray(picture + rng.standard_normal(picture.shape) * rng.uniform(1, 8))


def _cloud(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    del fwhm
    return np.asarray(picture * 10 ** (-0.4 * rng.uniform(0.5, 4)) + rng.standard_normal(picture.shape))


def _doubled(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    """Lay the image in the wrong place, in whole or, where the telescope moved once meanwhile, in part."""
    jump = np.rint(fwhm * rng.uniform(0.5, 5) * np.array([np.cos(a := rng.uniform(0, 2 * np.pi)), np.sin(a)]))
    share = rng.choice([1.0, rng.uniform(0.2, 0.8)])
    return np.asarray(share * np.roll(picture, jump.astype(int), (0, 1)) + (1 - share) * picture)


def _quantised(picture: Floats, rng: np.random.Generator, fwhm: float) -> Floats:
    del fwhm
    step = rng.uniform(0.5, 4)
    return np.asarray(np.round(picture / step) * step)


#: Every blemish by its name.
KINDS: dict[str, Paint] = {
    "banding": _banding,
    "bleeding": _bleeding,
    "cloud": _cloud,
    "cosmic rays": _cosmic_rays,
    "crosstalk": _crosstalk,
    "detector edge": _edge,
    "dipole": _dipole,
    "doubled": _doubled,
    "fringes": _fringes,
    "ghost": _ghost,
    "gradient": _gradient,
    "hot pixels": _hot_pixels,
    "lines": _lines,
    "lost pixels": _gap,
    "moving object": _mover,
    "noisy": _noisy,
    "quantised": _quantised,
    "spikes": _spikes,
    "step": _step,
    "trail": _trail,
}
