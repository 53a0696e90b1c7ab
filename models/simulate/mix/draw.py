"""Draws stamps of one class or its impostors out of that class's own simulator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.mix.frozen import FIRST, Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The simulators by the class that they know; lenses from the ground, of which alerts carry one band, and from space.
CLASS_OF = {"streak": "streak", "merger": "merger", "lens": "lens", "lens in space": "lens"}
#: Both images of ordinary alerts; the same numbers are of the same alerts.
ORDINARY = ("ordinary difference", "ordinary host")

_ORDINARY_SEED, _SIDES_SEED, _TOLD_SEED = 20_126, 20_127, 20_128
#: How differences' widths are told in training: shares, and errors [of the logarithm]; NaN: not at all.
_TOLD = ((0.3, 0.0), (0.3, 0.1), (0.2, 0.3), (0.2, np.nan))
#: Smallest and largest side of the hosts' stamps [px]: the simulators draw wider ones than alerts carry. Rubin's have
#: 30 to 90 px, where lenses are looked for on 6 arcsec; ZTF's 63.
_SIDES = {"merger": (64, 96), "lens": (30, 60), "lens in space": (50, 64)}
_ZTF_SIDE, _ZTF_SCALE = 63, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Some stamps.

    Attributes
    ----------
    images : float16 array (n, rows, columns)
        In units of a pixel's noise, with noise; NaN where there are no pixels.
    positive : bool array (n,)
        Which hold the class.
    kind : str array (n,)
        What each holds, as its simulator names it.
    pixel_scale : float32 array (n,)
        [arcsec/px]; NaN where the class network does not ask.
    fwhm : float32 array (n,) or None
        Of the PSFs, as they are told [px], NaN for one that is not; None where the class network does not ask.
    """

    images: NDArray[np.float16]
    positive: NDArray[np.bool_]
    kind: NDArray[np.str_]
    pixel_scale: NDArray[np.float32]
    fwhm: NDArray[np.float32] | None = None


def draw(source: str, part: Part, start: int, count: int, positives: float) -> Drawn:
    """Draw stamps number `start` and on of a part; the same numbers give the same stamps.

    Parameters
    ----------
    source : str
        A key of `CLASS_OF`, or one of `ORDINARY`, which has no positives.
    part : Part
    start, count : int
        Multiples of 128: mergers share encounters in batches of so many.
    positives : float
        Share of the class; the others are its impostors.
    """
    first = FIRST[part] + start
    if source == "streak":
        return _told(part, first, _streaks(part, first, count, positives))
    if source == "merger":
        return _mergers(part, first, count, positives)
    if source in ORDINARY:
        return _told(part, first, _alerts(source, first, count))
    return _lenses(source, part, first, count, positives)


def _told(part: Part, first: int, drawn: Drawn) -> Drawn:
    """In training, tell widths with the errors that surveys' have; class network and router are told the same."""
    if part is not Part.TRAINING or drawn.fwhm is None:
        return drawn
    rng = np.random.default_rng([_TOLD_SEED, first])
    shares, errors = zip(*_TOLD, strict=True)
    error = rng.choice(errors, len(drawn.fwhm), p=shares) * rng.standard_normal(len(drawn.fwhm))
    return replace(drawn, fwhm=(drawn.fwhm * np.exp(error)).astype(np.float32))


def _streaks(part: Part, first: int, count: int, positives: float) -> Drawn:
    from models.simulate.streaks import population
    from models.simulate.streaks.stamps import draw_stamps

    # What a class network just accepts is faint, and decides where the router's threshold lies.
    near = replace(population.TRAINING, snr=(4.5, 25.0), impostor_snr=(3.0, 100.0))
    training = (population.TRAINING, near, near, population.faint(population.TRAINING))
    worlds = training if part is Part.TRAINING else (population.TEST, population.TEST_DIFFERENCES)
    world = worlds[first // count % len(worlds)]
    drawn = draw_stamps(world, count, first, positives)
    return Drawn(_half(drawn.images), drawn.streak, drawn.kind, np.full(count, np.nan, np.float32), drawn.fwhm)


def _mergers(part: Part, first: int, count: int, positives: float) -> Drawn:
    from models.simulate.mergers.population import TEST, TRAINING
    from models.simulate.mergers.stamps import BATCH, draw_stamps

    world = TRAINING if part is Part.TRAINING else TEST
    drawn = draw_stamps(world, count, first // BATCH, positives)
    noisy = drawn.noisy(np.random.default_rng([world.seed, first, 3]))
    return as_alerts_carry("merger", first, Drawn(_half(noisy), drawn.merger, drawn.kind, drawn.pixel_scale))


def _lenses(source: str, part: Part, first: int, count: int, positives: float) -> Drawn:
    from models.simulate.lenses.population import TEST, TRAINING
    from models.simulate.lenses.stamps import draw_stamps

    world = (TRAINING if part is Part.TRAINING else TEST)["space" if source == "lens in space" else "ground"]
    drawn = draw_stamps(world, count, first, positives)
    band = drawn.images[:, world.camera.detection]
    pixel_scale = np.full(count, world.camera.pixel_scale, np.float32)
    return as_alerts_carry(source, first, Drawn(_half(band), drawn.lens, drawn.kind, pixel_scale))


def as_alerts_carry(source: str, first: int, drawn: Drawn) -> Drawn:
    """Leave each host's stamp a side that alerts have; what lies beyond is NaN."""
    images = drawn.images.copy()
    low, high = _SIDES[source]
    sides = np.random.default_rng([_SIDES_SEED, first, list(_SIDES).index(source)]).integers(low, high + 1, len(images))
    sides[drawn.pixel_scale > _ZTF_SCALE] = _ZTF_SIDE
    for image, side in zip(images, sides, strict=True):
        top = (len(image) - side) // 2
        inner = image[top : top + side, top : top + side].copy()
        image[:] = np.nan
        image[top : top + side, top : top + side] = inner
    return Drawn(images, drawn.positive, drawn.kind, drawn.pixel_scale)


def _alerts(source: str, first: int, count: int) -> Drawn:
    """Draw ordinary alerts of two surveys: variables, transients and slow movers, some images with a fault."""
    from models.simulate.camera import RUBIN, ZTF
    from models.simulate.exposure import expose
    from models.simulate.night import epochs

    images, kinds = np.full((count, RUBIN.largest_side, RUBIN.largest_side), np.nan), []
    fwhm: list[float] = []
    for camera, some in ((ZTF, images[: count // 2]), (RUBIN, images[count // 2 :])):
        rng = np.random.default_rng([_ORDINARY_SEED, first, camera is ZTF])
        for epoch, image in zip(epochs(camera, len(some), rng), some, strict=True):
            stamps = expose(camera, epoch, rng)
            difference = source == ORDINARY[0]
            stamp = stamps.difference if difference else stamps.reference - camera.background
            top = (len(image) - len(stamp)) // 2
            noise = camera.sky_noise if difference else camera.reference_noise
            image[top : top + len(stamp), top : top + len(stamp)] = stamp / noise
            kinds.append(f"{epoch.object.kind}, {epoch.fault}" if epoch.fault else str(epoch.object.kind))
            fwhm.append(epoch.visit.seeing / camera.pixel_scale)
    widths = np.array(fwhm, np.float32) if source == ORDINARY[0] else None
    return Drawn(_half(images), np.zeros(count, bool), np.array(kinds), np.full(count, np.nan, np.float32), widths)


def _half(images: NDArray[np.floating]) -> NDArray[np.float16]:
    return np.asarray(np.clip(images, -60_000, 60_000), np.float16)
