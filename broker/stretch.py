"""One asinh stretch for a science image and its reference, so that equal fluxes look equal and colours survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.frame import disc, noise_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from broker.frame import FramedStamps

BLACK = -3.0
"""Shown as 0 [sigma]: one noise pixel in 700 is clipped."""

SOFTENING = 3.0
"""Linear below, logarithmic above [sigma]: where noise ends and detection begins."""

WHITE_QUANTILE = 0.999
"""Of the reference's pixels: its peak, unless a single pixel in the thousand is bad."""

LEAST_WHITE = 30.0
"""Shown as 1 at the faintest [sigma]: ten times the softening, lest an empty reference set the limit by its noise."""

STRETCH_MANIFEST = {
    "version": 2,
    "black": BLACK,
    "softening": SOFTENING,
    "whiteQuantile": WHITE_QUANTILE,
    "leastWhite": LEAST_WHITE,
}
"""Every constant of this file: part of the digest. ``version`` stands for the formula."""


def stretch(science: FramedStamps, reference: FramedStamps) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    r"""Stretch a batch of science images and their references, and fade them out towards the frame's edge.

    With background :math:`b_{Ik}` and noise :math:`\sigma_{Ik}` of band :math:`k` of either image :math:`I`
    (science :math:`S`, reference :math:`R`), the disc's weight :math:`d`, and an empty sky
    :math:`E_{Ik} = b_{Ik} + \sigma_{Ik} \eta` of the same noise,

    .. math::

        z_k(I) = \frac{I_k - b_{Ik}}{\max_I \sqrt{\overline{\sigma_{Ik}^2}}}, \qquad
        m(I) = \overline{z_k(I)}, \qquad
        f(m) = \operatorname{asinh}(m / 3), \qquad
        w = \max\left(30,\; Q_{0.999}[m(R)]_{d = 1}\right),

        y_k(I) = \frac{z_k(I) + 3}{m(I) + 3}\, \frac{f(m(I)) - f(-3)}{f(w) - f(-3)}, \qquad
        \text{result} = d\, \frac{[y_k(I)]_0}{\max(1, y(I))} + (1 - d)\, \frac{[y_k(E_I)]_0}{\max(1, y(E_I))} .

    The asinh of the bands' mean is what brightness becomes, and every band keeps its share of it; where one would
    leave the range, all are dimmed alike (Lupton et al. 2004, PASP 116, 133, sect. 2): a source has one colour,
    however bright. A single band is its own mean.

    Only the larger noise serves both: half of Rubin's references are empty and some five times
    deeper than the science image, whose noise their own limits would clip. It fades after the
    stretch, since a bright star on the rim outshines any weight before. Without a reference the science
    image stands in for it, and the other way round.

    Parameters
    ----------
    science, reference : FramedStamps
        Of the same packets; images of NaN where there is none. The bands of a cube share one unit of flux.

    Returns
    -------
    science, reference : float32 arrays (n, bands, side, side)
        In [0, 1]; NaN where there was none.
    """
    side = science.images.shape[-1]
    weight, field = disc(side), noise_field(side)
    noise = np.fmax(_over_bands(science.noise), _over_bands(reference.noise))
    z_science, z_reference = ((framed.images - framed.level) / noise for framed in (science, reference))
    limiting = np.where(np.isnan(z_reference), z_science, z_reference).mean(axis=1, keepdims=True)[..., weight == 1]
    white = np.maximum(LEAST_WHITE, np.quantile(limiting, WHITE_QUANTILE, axis=-1))[..., None, None]

    def faded(z: NDArray[np.float64], own_noise: NDArray[np.float64]) -> NDArray[np.float32]:
        shown = weight * _coloured(z, white) + (1.0 - weight) * _coloured(own_noise * field / noise, white)
        return shown.astype(np.float32)

    return faded(z_science, science.noise), faded(z_reference, reference.noise)


def _over_bands(noise: NDArray[np.float64]) -> NDArray[np.float64]:
    overall: NDArray[np.float64] = np.sqrt(np.mean(noise**2, axis=1, keepdims=True))
    return overall


def _coloured(z: NDArray[np.float64], white: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn flux over noise (n, bands, side, side) into brightness in [0, 1]."""
    mean = np.maximum(z.mean(axis=1, keepdims=True), BLACK)
    black, value, top = (np.arcsinh(level / SOFTENING) for level in (BLACK, mean, white))
    brightness = (value - black) / (top - black)
    above_black = mean - BLACK
    share = np.divide(z - BLACK, above_black, out=np.zeros_like(z), where=above_black > 0)
    bands = np.maximum(share * brightness, 0.0)
    coloured: NDArray[np.float64] = bands / np.maximum(bands.max(axis=1, keepdims=True), 1.0)
    return coloured
