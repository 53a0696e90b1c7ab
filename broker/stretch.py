"""One asinh stretch for a science image and its reference, so that equal fluxes look equal."""

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
    "version": 1,
    "black": BLACK,
    "softening": SOFTENING,
    "whiteQuantile": WHITE_QUANTILE,
    "leastWhite": LEAST_WHITE,
}
"""Every constant of this file: part of the digest. ``version`` stands for the formula."""


def stretch(science: FramedStamps, reference: FramedStamps) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    r"""Stretch a batch of science images and their references, and fade them out towards the frame's edge.

    With background :math:`b_I` and noise :math:`\sigma_I` of either image :math:`I` (science :math:`S`,
    reference :math:`R`), the disc's weight :math:`d`, and an empty sky :math:`E_I = b_I + \sigma_I \eta`
    of the same noise,

    .. math::

        z(I) = \frac{I - b_I}{\max(\sigma_S, \sigma_R)}, \qquad
        f(z) = \operatorname{asinh}(z / 3), \qquad
        w = \max\left(30,\; Q_{0.999}[z(R)]_{d = 1}\right),

        y(I) = \left[\frac{f(z(I)) - f(-3)}{f(w) - f(-3)}\right]_0^1, \qquad
        \text{result} = d\, y(I) + (1 - d)\, y(E_I) .

    Only the larger noise serves both: half of Rubin's references are empty and some five times
    deeper than the science image, whose noise their own limits would clip. It fades after the
    stretch, since a bright star on the rim outshines any weight before. Without a reference the science
    image stands in for it, and the other way round. Bands are stretched each by itself.

    Parameters
    ----------
    science, reference : FramedStamps
        Of the same packets; images of NaN where there is none.

    Returns
    -------
    science, reference : float32 arrays (n, bands, side, side)
        In [0, 1]; NaN where there was none.
    """
    side = science.images.shape[-1]
    weight, field = disc(side), noise_field(side)
    noise = np.fmax(science.noise, reference.noise)
    z_science, z_reference = ((framed.images - framed.level) / noise for framed in (science, reference))
    limiting = np.where(np.isnan(z_reference), z_science, z_reference)[..., weight == 1]
    white = np.maximum(LEAST_WHITE, np.quantile(limiting, WHITE_QUANTILE, axis=-1))[..., None, None]

    def scaled(z: NDArray[np.float64]) -> NDArray[np.float64]:
        black, value, top = (np.arcsinh(level / SOFTENING) for level in (BLACK, z, white))
        brightness: NDArray[np.float64] = np.clip((value - black) / (top - black), 0.0, 1.0)
        return brightness

    def faded(z: NDArray[np.float64], own_noise: NDArray[np.float64]) -> NDArray[np.float32]:
        shown = weight * scaled(z) + (1.0 - weight) * scaled(own_noise * field / noise)
        return shown.astype(np.float32)

    return faded(z_science, science.noise), faded(z_reference, reference.noise)
