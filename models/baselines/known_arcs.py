"""How well lenses could be told if everything but their arcs were known: what the noise alone allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def told_by_arcs(arcs: NDArray[np.float32]) -> float:
    r"""Area under the curve of an observer who knows all else in a stamp, and which arcs there would be.

    That is the matched filter's, :math:`\Phi(S / \sqrt 2)` with S the signal-to-noise ratio of a system's arcs
    in all its bands together, the mean over the systems.

    Parameters
    ----------
    arcs : array (n, ...)
        Images without noise, in units of each pixel's noise.
    """
    from scipy.stats import norm

    flat = arcs.reshape(len(arcs), -1).astype(np.float64)
    return float(norm.cdf(np.linalg.norm(flat, axis=1) / np.sqrt(2.0)).mean())


def told_among(arcs: NDArray[np.float32], rng: np.random.Generator, tested: int) -> tuple[NDArray[np.float64], ...]:
    r"""Log likelihood ratios of an observer who knows all else in a stamp, and that its arcs are among some.

    With x the stamp less what is known and the arcs a equally likely,

    .. math::

        \log \frac{p(x \mid \mathrm{lens})}{p(x \mid \mathrm{none})}
        = \log \left\langle \exp(a \cdot x - a \cdot a / 2) \right\rangle_a ,

    than which no test is better (Neyman & Pearson 1933). Nature has more arcs than are listed: this observer is told
    more than any network.

    Parameters
    ----------
    arcs : array (n, ...)
        Images without noise, in units of each pixel's noise.
    rng : Generator
        Of the noise.
    tested : int
        How many of them are looked for in noise, and how many stamps of nothing but noise are looked at.

    Returns
    -------
    lenses, none : arrays (tested,)
    """
    from scipy.special import logsumexp

    flat = arcs.reshape(len(arcs), -1)
    half = 0.5 * np.einsum("ij,ij->i", flat, flat, dtype=np.float64)

    def ratio(stamps: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(logsumexp(stamps @ flat.T - half, axis=1) - np.log(len(flat)))

    noise = rng.standard_normal((2, tested, flat.shape[1]), dtype=np.float32)
    return ratio(flat[:tested] + noise[0]), ratio(noise[1])
