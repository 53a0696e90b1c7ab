"""New views of simulated stamps: turned, in new noise, deeper or not, cut off, without bands, as picture files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.lens_network import Form, asinh, turned
from models.simulate.lenses.population import TRAINING

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Shares of the stamps with noise that was resampled, and that went through 8-bit picture files.
_CORRELATED, _PICTURES = 0.3, 0.2
#: Spread of what a picture's maker multiplies each band by [natural logarithm].
_GAIN = 0.2
#: Spread of the depth, of all bands together and of each [natural logarithm of the flux].
_DEPTH, _BAND_DEPTH = 0.25, 0.1
#: Share of the stamps that end beside the window, and the widest gap in parts of its side.
_ASIDE, _WIDEST_GAP = 0.2, 0.4
#: Probability that a band was not taken: u, and each of the others.
_MISSING = (0.25, 0.04, 0.04, 0.04)
#: Probability of the band that a single-band network is shown: u, g, r, i.
_SHOWN = (0.0, 0.2, 0.6, 0.2)


def view(rng: np.random.Generator, images: NDArray[Any], form: Form) -> NDArray[np.float32]:
    """Draw a new view of each stamp.

    Parameters
    ----------
    rng : Generator
    images : float array (n, bands, side, side)
        Noiseless, of the form's sky, in units of the sky noise.
    form : Form

    Returns
    -------
    float32 array (n, form.bands, form.side, form.side)
        For `lens_network.prepare`; NaN where a band or a part of the stamp is missing.
    """
    camera = TRAINING[form.sky].camera
    photons = np.array(camera.photons, np.float32)
    if form.bands < images.shape[1]:
        shown = rng.choice(images.shape[1], len(images), p=_SHOWN)
        images, photons = images[np.arange(len(images)), shown][:, None], photons[shown][:, None]
    images = _shifted(rng, images, form.side).astype(np.float32)
    count, bands = images.shape[:2]
    for image, turn in zip(images, rng.integers(0, 8, size=(count,)), strict=True):
        image[:] = turned(image, int(turn)).copy()
    depth = _DEPTH * rng.standard_normal((count, 1)) + _BAND_DEPTH * rng.standard_normal((count, bands))
    images *= np.exp(depth).astype(np.float32)[..., None, None]
    images += _noise(rng, images, photons)
    for place in np.flatnonzero(rng.random(count) < _PICTURES):
        images[place] = as_picture(rng, images[place])
    if bands > 1:
        gone = rng.random((count, bands)) < np.array(_MISSING)
        gone[gone.all(axis=1)] = False
        images[gone] = np.nan
    for place in np.flatnonzero(rng.random(count) < _ASIDE):
        _cut_off(rng, images[place])
    return images


def as_picture(rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch an image (bands, side, side) as for the eye, by bands or keeping its colours, and round it to 8 bits.

    Up to half of the pixels, the sky's, may be cut off as black, and the bands be weighted at will.
    """
    image = image * np.exp(_GAIN * rng.standard_normal((len(image), 1, 1))).astype(np.float32)
    soft = np.float32(np.exp(rng.uniform(0.0, 3.5)))
    if rng.random() < 0.5:
        stretched = asinh(image / soft)
    else:  # Lupton et al. 2004, PASP 116, 133
        mean = np.maximum(image.mean(axis=0), 1e-3)
        stretched = image * (asinh(mean / soft) / mean)
    # A fifth of the pixels tell them.
    low, high = np.quantile(stretched.ravel()[::5], [rng.uniform(0.0, 0.5), rng.uniform(0.97, 1.0)])
    step = max(high - low, 1e-6) / 255.0
    return np.asarray(np.rint(np.clip(stretched - low, 0.0, high - low) / step), np.float32)


def _cut_off(rng: np.random.Generator, image: NDArray[np.float32]) -> None:
    """Take away rows on one side and columns on another, as are missing round a host that lies beside the object."""
    for axis in (1, 2):
        edge = int(rng.triangular(0, 0, _WIDEST_GAP) * image.shape[axis])
        gap = [slice(None)] * 3
        gap[axis] = slice(0, edge) if rng.random() < 0.5 else slice(image.shape[axis] - edge, None)
        image[tuple(gap)] = np.nan


def _shifted(rng: np.random.Generator, images: NDArray[Any], side: int) -> NDArray[Any]:
    """Cut out the middle, up to one pixel beside it: hosts are not found to better."""
    width = images.shape[-1]
    inner = min(side, width - 2)
    top, left = rng.integers(-1, 2, 2) + (width - inner) // 2
    cut = images[..., top : top + inner, left : left + inner]
    rim = (side - inner) // 2
    return np.pad(cut, ((0, 0), (0, 0), (rim, side - inner - rim), (rim, side - inner - rim)), mode="edge")


def _noise(rng: np.random.Generator, images: NDArray[np.float32], photons: NDArray[np.float32]) -> NDArray[np.float32]:
    noise = rng.standard_normal(images.shape, dtype=np.float32)
    smooth = rng.random(len(images)) < _CORRELATED
    if smooth.any():
        some = noise[smooth]
        for axis in (-1, -2):
            some = np.float32(1.5**-0.5) * (some + np.float32(0.5) * (np.roll(some, 1, axis) + np.roll(some, -1, axis)))
        noise[smooth] = some
    spread = np.maximum(images, np.float32(0))
    spread /= photons[..., None, None]
    spread += np.float32(1)
    noise *= np.sqrt(spread, out=spread)
    return noise
