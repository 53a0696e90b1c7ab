"""DenseLens: densely connected networks that tell strong lenses and how much their arcs can teach.

Nagam et al. (2023, MNRAS 523, 4188): every layer sees the features of all before it, which takes a tenth of the
parameters of a residual network. An ensemble of these classifies, and ranks what it accepts by the information
content; here each member tells both, over one trunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from models import lens_host

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tf_keras import Model
    from tf_keras.layers import Layer

#: Layers of each dense block.
BLOCKS = (4, 4, 4)

#: Features that a layer at half the resolution adds.
_FINE_GROWTH = 16

#: The four quarter turns (`turned`).
TURNS = (0, 6, 5, 3)

#: A layer that no other network has.
TELLING_LAYER = "lens_output"

#: Of the median absolute deviation: the standard deviation of Gaussian noise.
_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Form:
    """What one network takes.

    Attributes
    ----------
    name : str
    bands : int
    side : int
        Of its window [px].
    pixel_scale : float
        [arcsec/px].
    sky : str
        Key of the simulated populations.
    stem : tuple of int
        Features of the convolutions of stride two before the dense blocks.
    members : int
        Networks of the ensemble.
    host_free : bool
        Whether it sees each band once more without the light of the galaxy in the middle (`lens_host`).
    fine : int
        Dense layers behind the stem's first convolution.
    growth, narrow : int
        Features that a layer of the dense blocks adds, and features of the 1x1 convolution before it.
    hidden : int
        Features of the layer before the answers.
    """

    name: str
    bands: int
    side: int
    pixel_scale: float
    sky: str
    stem: tuple[int, ...]
    members: int
    host_free: bool = False
    fine: int = 0
    growth: int = 12
    narrow: int = 48
    hidden: int = 64

    @property
    def planes(self) -> int:
        """Number of planes that `prepare` gives."""
        return self.bands * (3 if self.host_free else 2)


FORMS = MappingProxyType(
    {
        one.name: one
        for one in (
            # All but `ground` are shown files and hardly an alert.
            Form(
                "ground-ugri", 4, 60, 0.2, "ground", (32, 64), 1,
                host_free=True, fine=2, growth=20, narrow=64, hidden=96,
            ),
            # Of 6 arcsec, the widest that most of Rubin's stamps hold.
            Form("ground", 1, 30, 0.2, "ground", (48,), 1, host_free=True, fine=1, growth=16, narrow=64, hidden=96),
            Form("space", 1, 64, 0.1, "space", (32, 64), 1, host_free=True, fine=2, growth=20, narrow=64, hidden=96),
        )
    }
)  # fmt: skip


def build(form: Form, *, normalised: bool = False) -> Model:
    """Lay out one member of an ensemble.

    Parameters
    ----------
    form : Form
    normalised : bool
        With batch normalisation behind every convolution, as it is trained; without, as it is used.

    Returns
    -------
    tf_keras.Model
        Maps (n, side, side, planes) as `prepare` gives it to (n, 2): the log odds of a lens, and the decadic
        logarithm of its information content.
    """
    from tf_keras import Model, layers

    def convolve(x: Layer, name: str, features: int, size: int, stride: int = 1) -> Layer:
        x = layers.Conv2D(features, size, stride, padding="same", use_bias=not normalised, name=name)(x)
        if normalised:
            x = layers.BatchNormalization(momentum=0.98, epsilon=1e-3, name=f"{name}_normalisation")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    images = layers.Input((form.side, form.side, form.planes))
    x: Layer = images
    for number, features in enumerate(form.stem, 1):
        x = convolve(x, f"lens_stem{number}", features, 5 if number == 1 else 3, 2)
        for layer in range(1, form.fine + 1) if number == 1 else ():
            name = f"lens_fine_layer{layer}"
            x = layers.Concatenate(name=f"{name}_joined")([x, convolve(x, name, _FINE_GROWTH, 3)])
    for block, depth in enumerate(BLOCKS, 1):
        if block > 1:
            x = convolve(x, f"lens_transition{block}", x.shape[-1] // 2, 1)
            x = layers.AveragePooling2D(padding="same", name=f"lens_pooled{block}")(x)
        for layer in range(1, depth + 1):
            name = f"lens_block{block}_layer{layer}"
            y = convolve(x, f"{name}_narrow", form.narrow, 1)
            y = convolve(y, f"{name}_wide", form.growth, 3)
            x = layers.Concatenate(name=f"{name}_joined")([x, y])
    pooled = [layers.GlobalAveragePooling2D(name="lens_mean")(x), layers.GlobalMaxPooling2D(name="lens_largest")(x)]
    x = layers.Concatenate(name="lens_pooled")(pooled)
    y = layers.Dense(form.hidden, activation="relu", name="lens_hidden")(x)
    x = layers.Concatenate(name="lens_told")([x, y])
    return Model(images, layers.Dense(2, name=TELLING_LAYER)(x), name=f"sosia-lens-{form.name}")


def fold(form: Form, trained: Model) -> Model:
    """Merge batch normalisation into the convolutions: the same function in fewer operations."""
    from models.student import fold_into

    return fold_into(trained, build(form))


def prepare(images: NDArray[np.floating[Any]], *, host_free: bool = False) -> NDArray[np.float32]:
    """Give stamps the form that the network sees: two planes a band, or three.

    The first is the stamp less its sky in units of its noise, both measured on its rim; the second what is left when
    the stamp turned by half a turn is taken away, which a galaxy's light does not survive, and most arcs do; the third
    what is left without the galaxy in the middle. All are compressed by asinh. Missing pixels and bands become zero.

    Parameters
    ----------
    images : array (n, bands, side, side)
        NaN where pixels are missing; a band that was not taken is NaN throughout.
    host_free : bool
        Of the `Form`: with a third plane.

    Returns
    -------
    float32 array (n, side, side, planes)
        First the first of all bands.
    """
    images = np.asarray(images, np.float32)
    clean = in_sigma(images)
    odd = clean - clean[:, :, ::-1, ::-1]
    missing = ~np.isfinite(images)
    if missing.any():  # what has no pixel opposite is no arc
        odd[missing | missing[:, :, ::-1, ::-1]] = 0
    planes = [clean, odd, *([lens_host.host_free(clean, ~missing)] if host_free else [])]
    return np.ascontiguousarray(np.moveaxis(asinh(np.concatenate(planes, axis=1)), 1, -1))


def in_sigma(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Express images (n, bands, side, side) in units of their rims' noise, the sky at zero, what is missing too."""
    inner = np.zeros(images.shape[-2:], bool)
    width = images.shape[-1] // 8
    inner[width:-width, width:-width] = True
    rim = np.ascontiguousarray(images[..., ~inner])
    level = np.nan_to_num(_median(rim))  # of a band that was not taken, or has no rim
    rim -= level[..., None]
    noise = _MAD * _median(np.abs(rim))
    # More than half of the pixels are equal, as in a coarse picture file.
    noise = np.where(noise > 0, noise, np.std(np.nan_to_num(rim), axis=-1))[..., None, None]
    found = images - level[..., None, None]
    found[~np.isfinite(found)] = 0
    return np.asarray(np.divide(found, noise, out=np.zeros_like(found), where=noise > 0), np.float32)


def turned(images: NDArray[Any], turn: int) -> NDArray[Any]:
    """Mirror and turn images (..., side, side): one of eight ways, 0 to 7, of which 0 changes nothing."""
    if turn & 1:
        images = images[..., ::-1, :]
    if turn & 2:
        images = images[..., ::-1]
    return images.swapaxes(-1, -2) if turn & 4 else images


def asinh(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inverse hyperbolic sine: numpy's own takes several times as long."""
    found = np.multiply(values, values)
    found += np.float32(1)
    np.sqrt(found, out=found)
    found += np.abs(values)
    return np.copysign(np.log(found, out=found), values, out=found)


def _median(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the medians along the last axis of what is not NaN, in a tenth of the time that numpy takes."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.count_nonzero(~np.isnan(ordered), axis=-1, keepdims=True)
    middle = [np.take_along_axis(ordered, place, axis=-1)[..., 0] for place in ((count - 1) // 2, count // 2)]
    return np.asarray((middle[0] + middle[1]) / np.float32(2))
