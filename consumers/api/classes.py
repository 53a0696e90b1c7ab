"""The rare classes: streaks, strong lenses, mergers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consumers.api.networks import lens_finder, merger_finder, streak_detector
from schemas.errors import ConfigurationError, StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from models.lens_finder import LensLook
    from models.streak_windows import FoundStreak


def find_streaks(image: ArrayLike, threshold: float | None = None, fwhm: float | None = None) -> list[FoundStreak]:
    """Find the trails of asteroids in an image, such as a difference: bright and dark ones.

    A network after Verdoes Kleijn et al. (CNNs from KiDS to Euclid, section 2) looks at windows of 64 px and tells
    (p, x1, y1, x2, y2); the ends are then fitted by least squares (``models/cards/streak.md``).

    Parameters
    ----------
    image : array (rows, columns)
        At least 24 px wide; a stamp or a whole CCD.
    threshold : float, optional
        Score from which on something is a streak, 0 to 1; by default the network's own, above which one in a hundred
        of its calibration's impostors lie.
    fwhm : float, optional
        Width of the PSF [px], where it is known: faint trails are then told better from galaxies.

    Returns
    -------
    list of FoundStreak
        The surest first: `score`, `polarity` (-1: a dark one) and `segment`, whose ends `x1, y1, x2, y2` are in px,
        0 the centre of the first.

    Raises
    ------
    StampError
        The image has another number of axes, or is too small.

    Examples
    --------
    >>> from models.simulate.streaks.trail import Segment, trail
    >>> sky = np.random.default_rng(3).standard_normal((200, 300))
    >>> trailed = sky + 1500.0 * trail(sky.shape, Segment(60.0, 50.0, 130.0, 110.0), 2.5)
    >>> find_streaks(sky)
    []
    >>> (found,) = find_streaks(trailed)
    >>> round(found.segment.length), found.polarity
    (92, 1)
    """
    from models.streak_detector import THRESHOLD
    from models.streak_domain import SMALLEST_SIDE
    from models.streak_network import SIDE
    from models.streak_windows import FoundStreak, find_streaks

    pixels = np.asarray(image, np.float32)
    if pixels.ndim != 2 or min(pixels.shape) < SMALLEST_SIDE:
        raise StampError(
            StampReason.SIZE, f"shape {pixels.shape}: one band of at least {SMALLEST_SIDE} px is looked at"
        )
    least = THRESHOLD if threshold is None else threshold
    if max(pixels.shape) > SIDE:
        return find_streaks(streak_detector(), pixels, least, fwhm=fwhm)[1]
    (one,) = streak_detector().look([pixels], measured_above=least, fwhm=[fwhm])
    return [FoundStreak(one.score, one.polarity, one.segment)] if one.score > least else []


def classify_lens(stamps: Sequence[ArrayLike], pixel_scale: float, seeing: float | None = None) -> list[LensLook]:
    """Tell of each stamp whether the galaxy in its middle is a strong lens.

    Densely connected networks after DenseLens (Nagam et al. 2023, MNRAS 523, 4188), whose information content ranks
    the candidates: IC = (A_src / A_PSF) (R_E / R_eff), with A_src the area of the arcs above twice the noise
    (``models/cards/lens.md``).

    Parameters
    ----------
    stamps : sequence of arrays (rows, columns), or (4, rows, columns)
        One band, or u, g, r and i, of which those not taken are all NaN; at least 5.5 arcsec wide.
    pixel_scale : float
        [arcsec/px]: 0.14 to 0.3 from the ground, 0.05 to 0.13 from space.
    seeing : float, optional
        FWHM [arcsec]; what is not known is taken to fit.

    Returns
    -------
    list of LensLook
        One a stamp: `score` in 0 to 1, `information_content` and its `spread` over networks and turns.

    Raises
    ------
    ConfigurationError
        In such images no lens can be seen, or no network is there for them.

    Examples
    --------
    >>> from models.simulate.lenses.population import TEST
    >>> from models.simulate.lenses.stamps import draw_stamps
    >>> drawn = draw_stamps(TEST["ground"], 10)
    >>> scores = np.array([one.score for one in classify_lens(drawn.images, pixel_scale=0.2)])
    >>> bool(scores[drawn.lens].mean() > 2 * scores[~drawn.lens].mean())
    True
    >>> classify_lens(drawn.images, pixel_scale=1.01)
    Traceback (most recent call last):
        ...
    schemas.errors.ConfigurationError: no score of lenses: pixel scale too coarse
    """
    from models.lens_domain import form_for, reason_to_abstain

    images = [np.asarray(one, np.float32) for one in stamps]
    if not images:
        return []
    bands = {len(one) if one.ndim == 3 else 1 for one in images}
    side = pixel_scale * min(min(one.shape[-2:]) for one in images)
    form = form_for(pixel_scale, seeing, max(bands))
    reason = reason_to_abstain(pixel_scale, seeing, side) or ("no network for such bands" if form is None else None)
    if reason is None and len(bands) > 1:
        reason = "stamps of different bands"
    if reason is not None or form is None:
        raise ConfigurationError(f"no score of lenses: {reason}")
    return lens_finder(form).look(images, pixel_scale)


def classify_merger(
    stamps: Sequence[ArrayLike], pixel_scale: float | None = None, seeing: float | None = None
) -> NDArray[np.float64]:
    """Tell of each stamp whether the galaxy in its middle is torn by another.

    A residual network, trained on encounters of galaxies that are followed as restricted three-body problems, after
    Toomre & Toomre (1972, ApJ 178, 623); ``models/cards/merger.md``.

    Parameters
    ----------
    stamps : sequence of arrays (rows, columns)
        One band, twelve half-light radii wide or more.
    pixel_scale : float, optional
        [arcsec/px]: 0.03 to 1.1; what is not known is taken to fit.
    seeing : float, optional
        FWHM [arcsec].

    Returns
    -------
    float64 array (n,)
        Scores in 0 to 1; `models.merger_finder.CANDIDATE` is where mergers are rare.

    Raises
    ------
    ConfigurationError
        In such images no merger can be seen.

    Examples
    --------
    >>> from models.simulate.mergers.population import TEST
    >>> from models.simulate.mergers.stamps import draw_stamps
    >>> drawn = draw_stamps(TEST, 40)
    >>> scores = classify_merger(drawn.noisy(np.random.default_rng(1)))
    >>> bool(scores[drawn.merger].mean() > 2 * scores[~drawn.merger].mean())
    True
    """
    from models.merger_domain import reason_to_abstain

    images = [np.asarray(one, np.float32) for one in stamps]
    for one in images:
        side = None if pixel_scale is None else pixel_scale * min(one.shape)
        if (reason := reason_to_abstain(pixel_scale, seeing, side)) is not None:
            raise ConfigurationError(f"no score of mergers: {reason}")
    return np.array(merger_finder().look(images) if images else [], np.float64)
