r"""ULISSE's own chain, as published: 8-bit colour, 224 px, EfficientNet-B0 (Doorenbos et al. 2022, A&A 666, A171).

1. an 8-bit RGB stamp, as the survey cut it: neither turned nor centred nor brought to one angular size,
2. resized to 224 px as ``torchvision.transforms.Resize`` does a PIL image; of an oblong stamp the central square,
3. over 255, minus ImageNet's mean, over its standard deviation: Keras' network begins with that, and takes 0 to 255,
4. features averaged over space (`models.backbone`), compared as they are by Euclidean distance (`broker.embedding`).

ULISSE's stamps are SDSS's JPEGs, which hide their stretch. An image of 8-bit numbers is taken for such a stamp; one in
units of flux is given Lupton's stretch (Lupton et al. 2004, PASP 116, 133), which is also behind SDSS's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.cutout import MIN_SIDE
from broker.frame import FRAME_MANIFEST, background
from broker.network_input import CHANNELS, WHITE
from broker.sky_framed import prepare
from broker.stamp_pair import Stamp
from schemas.errors import StampError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from broker.geometry import SkyFrame
    from broker.stamp_pair import Prepared, StampPair

#: Softening, and what lifts the sky above black, in the Legacy Surveys' pictures (AstroCLIP's ``decals_to_rgb``).
SOFTENING, OFFSET = 20.0, 0.03

#: PIL's weights for 8-bit images are whole multiples of it.
_STEP = 2.0**-22

#: What changes the network's input: part of the digest. ``version`` stands for the code.
ULISSE_MANIFEST = {
    "version": 1,
    "softening": SOFTENING,
    "offset": OFFSET,
    "channels": CHANNELS,
    "resize": "PIL bilinear, 8 bit; central square",
    "background": FRAME_MANIFEST,
}


class Ulisse:
    """The preprocessing ``ulisse``: a `broker.preprocessing.Preprocessing`."""

    name = "ulisse"
    backbone = "efficientnet-b0"

    def manifest(self, frame: SkyFrame) -> Mapping[str, Any]:  # noqa: ARG002  the chain knows no sky frame
        """Return what decides the network's input, besides the stamp."""
        return {"ulisse": ULISSE_MANIFEST}

    def prepare(self, batch: Sequence[StampPair]) -> list[Prepared]:
        """Turn the images of a batch of packets to 8-bit RGB.

        Which are unreadable, and what changed at the object's place, is told in the sky frame all the same.

        Parameters
        ----------
        batch : sequence of StampPair

        Returns
        -------
        list of Prepared
            One a packet, in order; the images are (3, rows, columns), whole numbers in 0 to 255.
        """
        prepared = prepare(batch)
        alike = defaultdict(list)
        for index, (pair, one) in enumerate(zip(batch, prepared, strict=True)):
            science = _image(pair.science, one.science, pair.bands)
            reference = _image(pair.reference, one.reference, pair.bands)
            kind = science.shape, reference.shape, _is_8_bit(pair.science) and _is_8_bit(pair.reference)
            alike[kind].append((index, science, reference))
        for (*_, ready), members in alike.items():
            indices, *images = zip(*members, strict=True)
            science, reference = (np.stack(same) for same in images)
            shown = (science / WHITE, reference / WHITE) if ready else lupton(science, reference)
            for index, *rgb in zip(indices, *map(_rgb, shown), strict=True):
                one = prepared[index]
                prepared[index] = replace(
                    one,
                    science=one.science if isinstance(one.science, StampError) else rgb[0],
                    reference=one.reference if isinstance(one.reference, StampError) else rgb[1],
                )
        return prepared

    def network_input(self, images: Sequence[NDArray[np.float32]], side: int) -> NDArray[np.float32]:
        """Resize 8-bit images as PIL does: square ones to the same bit, others to a grey level.

        Parameters
        ----------
        images : sequence of arrays (3, rows, columns)
            Whole numbers in 0 to 255.
        side : int
            Of the network's input [px].

        Returns
        -------
        float32 array (n, side, side, 3)
            Whole numbers in 0 to 255.
        """
        resized = np.empty((len(images), side, side, 3), dtype=np.float32)
        alike = defaultdict(list)
        for index, image in enumerate(images):
            alike[image.shape[1:]].append(index)
        for (rows, columns), members in alike.items():
            shorter = min(rows, columns)
            stack = np.stack([images[i] for i in members]).astype(np.float64)
            # Sums exact in doubles, in whatever order. PIL rounds after each axis, of a square along the rows first.
            wide = _rounded(stack @ _bilinear(columns, shorter, side).T)
            resized[members] = np.moveaxis(_rounded(_bilinear(rows, shorter, side) @ wide), 1, -1)
        return resized


def lupton(
    science: NDArray[np.float32], reference: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Stretch a batch of science images and their references as the Legacy Surveys' pictures are.

    With background :math:`b_k` of band :math:`k` and the larger noise :math:`\sigma` of the two images (root mean
    square over their bands), :math:`Q = 20` and :math:`m = 0.03`,

    .. math::

        x_k = m \left(1 + \frac{I_k - b_k}{\sigma}\right), \qquad
        \bar x = \overline{\max(x_k, 0)}, \qquad
        y_k = \left[x_k \frac{\operatorname{asinh}(Q \bar x)}{\sqrt Q\, \bar x}\right]_0^1 .

    Q and m are AstroCLIP's, for nanomaggies. Alerts come in any unit: here the noise is given the size of m, so
    that black lies a sigma below the sky and white 72 above.

    Parameters
    ----------
    science, reference : float32 arrays (n, bands, rows, columns)
        NaN where a pixel, or an image, is missing: sky is shown.

    Returns
    -------
    science, reference : arrays (n, bands, rows, columns)
        In [0, 1].
    """
    levels = [background(images) for images in (science, reference)]
    noise = np.fmax(*(np.sqrt(np.mean(sigma**2, axis=1, keepdims=True)) for _, sigma in levels))

    def stretched(images: NDArray[np.float32], level: NDArray[np.float64]) -> NDArray[np.float64]:
        x = OFFSET * (1.0 + np.nan_to_num((images - level) / noise))
        mean = np.maximum(x, 0.0).mean(axis=1, keepdims=True)
        brightness = np.arcsinh(SOFTENING * mean) / np.sqrt(SOFTENING)
        shown: NDArray[np.float64] = x * np.divide(brightness, mean, out=np.zeros_like(mean), where=mean > 0)
        return np.clip(shown, 0.0, 1.0)

    return stretched(science, levels[0][0]), stretched(reference, levels[1][0])


def _image(stamp: Stamp | StampError, found: NDArray[np.float32] | StampError, bands: int) -> NDArray[np.float32]:
    """Return a stamp's pixels (bands, rows, columns); NaN for one that cannot be used."""
    if isinstance(stamp, StampError) or isinstance(found, StampError):
        return np.full((bands, MIN_SIDE, MIN_SIDE), np.nan, dtype=np.float32)
    return stamp.cutout.image.reshape(bands, *stamp.cutout.image.shape[-2:])


def _is_8_bit(stamp: Stamp | StampError) -> bool:
    """Whether a stamp, if there is one, holds 8-bit numbers as they are."""
    if isinstance(stamp, StampError):
        return True
    header = stamp.cutout.header
    return header.get("BITPIX") == 8 and header.get("BSCALE", 1) == 1 and header.get("BZERO", 0) == 0


def _rgb(shown: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Give images (n, bands, rows, columns) in [0, 1] three 8-bit channels; what is missing is black."""
    mixed = np.einsum("cb,nbij->ncij", CHANNELS[shown.shape[1]], np.nan_to_num(shown))
    rgb: NDArray[np.float32] = np.rint(WHITE * mixed).astype(np.float32)
    return rgb


@lru_cache
def _bilinear(size: int, shorter: int, side: int) -> NDArray[np.float64]:
    """PIL's weights (side, size) for 8-bit images along one axis, of which the middle is kept.

    The shorter axis becomes ``side`` pixels. Where an image shrinks, the triangle widens with it.
    """
    length = side * size // shorter
    scale = size / length
    centre = (round((length - side) / 2) + np.arange(side) + 0.5) * scale
    distance = np.abs(np.arange(size) + 0.5 - centre[:, None]) / max(scale, 1.0)
    triangle = np.maximum(0.0, 1.0 - distance)
    return _rounded(triangle / triangle.sum(axis=1, keepdims=True) / _STEP) * _STEP


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to whole numbers, halves up, in place: enlarged images are large."""
    values += 0.5
    return np.floor(values, out=values)
