"""Draws stamps with and without a streak, in the network's window and in units of a pixel's noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.simulate.profiles import PROFILES
from models.simulate.streaks.background import background, mask
from models.simulate.streaks.impostors import HARD, KINDS, log_uniform, place
from models.simulate.streaks.population import Population
from models.simulate.streaks.trail import Image, Segment, matched_snr, modulation, trail

SIDE = 64
"""Of every stamp [px]; smaller ones are laid into its middle and are NaN around."""

STREAK = "streak"

_SMALLEST = 30


@dataclass(frozen=True, slots=True, eq=False)
class DrawnStamp:
    """One stamp and its truth.

    Attributes
    ----------
    image : float32 array (SIDE, SIDE)
        In units of a pixel's noise; NaN where there are no pixels.
    kind : str
        `STREAK` or a key of `impostors.KINDS`.
    segment : Segment or None
        The visible part of the trail.
    snr : float
        Of the object under its own matched filter.
    fwhm : float
        Of the PSF [px].
    survey : str
        Key of `PROFILES`.
    polarity : int
        -1 where the object is dark.
    beneath : float
        What the object's own matched filter reads of the other light at its place, in units of its noise.
    partial : bool
        Whether an end of the trail lies outside.
    """

    image: Image
    kind: str
    segment: Segment | None
    snr: float
    fwhm: float
    survey: str
    polarity: int
    beneath: float = 0.0
    partial: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DrawnStamps:
    """Many stamps; every attribute is an array with one entry a stamp, as in `DrawnStamp`; ends are NaN if none."""

    images: Image
    kind: npt.NDArray[np.str_]
    ends: npt.NDArray[np.float32]
    snr: npt.NDArray[np.float32]
    fwhm: npt.NDArray[np.float32]
    survey: npt.NDArray[np.str_]
    polarity: npt.NDArray[np.int8]
    beneath: npt.NDArray[np.float32]
    partial: npt.NDArray[np.bool_]

    @property
    def streak(self) -> npt.NDArray[np.bool_]:
        """Which stamps hold a streak."""
        return np.asarray(self.kind == STREAK)

    @property
    def told(self) -> npt.NDArray[np.int8]:
        """Polarities as whoever looks knows them: as an alert's packet tells; in science images all is bright."""
        differences = [PROFILES[str(survey)].differences for survey in self.survey]
        return np.where(differences, self.polarity, np.int8(1))

    @property
    def length(self) -> npt.NDArray[np.float32]:
        """Visible lengths [px]."""
        return np.asarray(np.hypot(self.ends[:, 2] - self.ends[:, 0], self.ends[:, 3] - self.ends[:, 1]))


def draw_stamps(population: Population, count: int, first: int = 0, streaks: float = 0.5) -> DrawnStamps:
    """Draw stamps number `first` and on; the same numbers give the same stamps.

    Parameters
    ----------
    population : Population
    count, first : int
    streaks : float
        Their share.
    """
    drawn = [draw_stamp(population, number, streaks) for number in range(first, first + count)]
    nowhere = (np.nan,) * 4
    return DrawnStamps(
        images=np.stack([one.image for one in drawn]),
        kind=np.array([one.kind for one in drawn]),
        ends=np.array([one.segment.ends if one.segment else nowhere for one in drawn], np.float32),
        snr=np.array([one.snr for one in drawn], np.float32),
        fwhm=np.array([one.fwhm for one in drawn], np.float32),
        survey=np.array([one.survey for one in drawn]),
        polarity=np.array([one.polarity for one in drawn], np.int8),
        beneath=np.array([one.beneath for one in drawn], np.float32),
        partial=np.array([one.partial for one in drawn], bool),
    )


def draw_stamp(population: Population, number: int, streaks: float = 0.5) -> DrawnStamp:
    """Draw one stamp."""
    rng = np.random.default_rng([population.seed, number])
    survey = PROFILES[population.surveys[rng.integers(len(population.surveys))]]
    low, _, high = survey.fwhm_pixels
    fwhm = log_uniform(rng, (low, high))
    side = int(rng.integers(_SMALLEST, SIDE)) if rng.random() < population.small else SIDE - (survey.name == "ztf")
    shape = (side, side)
    image, noise = background(rng, shape, fwhm, population, difference=survey.differences)
    segment, polarity, partial = None, 1, False
    if rng.random() < streaks:
        kind = STREAK
        segment, source, partial = _streak(rng, shape, fwhm, population)
        snr = log_uniform(rng, population.snr)
        polarity = -1 if survey.differences and rng.random() < 0.5 else 1
    else:
        shares = np.array([share * (population.harder if one in HARD else 1.0) for one, (_, share) in KINDS.items()])
        kind = str(rng.choice(list(KINDS), p=shares / shares.sum()))
        source = KINDS[kind][0](rng, shape, fwhm, population)
        snr = log_uniform(rng, population.impostor_snr) if kind != "noise" else 0.0
        polarity = -1 if rng.random() < (0.5 if survey.differences else 0.1) else 1
    beneath = float(np.sum((image - noise) * source, dtype=np.float64)) / max(matched_snr(source), 1e-6)
    image += np.float32(polarity * snr / max(matched_snr(source), 1e-6)) * source
    if rng.random() < population.quantised:
        image = _through_8_bit(rng, image)
    if population.masked and rng.random() < population.masked:
        image = mask(rng, image, source)
    margin = (SIDE - side) // 2
    whole = np.full((SIDE, SIDE), np.nan, np.float32)
    whole[margin : margin + side, margin : margin + side] = image
    if segment is not None:
        segment = Segment(*(end + margin for end in segment.ends))
    return DrawnStamp(whole, kind, segment, snr, fwhm, survey.name, polarity, beneath, partial)


def _streak(
    rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population
) -> tuple[Segment, Image, bool]:
    """Draw a trail, and tell whether an end of it lies outside: of few both, since that may be a satellite's."""
    chance = rng.random()
    outside = 1 if chance < population.partial else 2 if chance < population.partial + population.crossing else 0
    rim, least = max(3.0, fwhm), population.shortest * fwhm
    while True:
        length = log_uniform(rng, (least, population.longest))
        segment = Segment.around(*place(rng, shape), length, rng.uniform(0, np.pi))
        if outside:  # shifted along itself until one end is outside, or both are
            shift = rng.uniform(-1, 1) * (length + max(shape)) / 2
            dx, dy = shift * np.cos(segment.angle), shift * np.sin(segment.angle)
            x1, y1, x2, y2 = segment.ends
            segment = Segment(x1 + dx, y1 + dy, x2 + dx, y2 + dy)
        seen, inner = segment.within(*shape), segment.within(*shape, rim)
        if seen is None or inner is None or seen.length < least:
            continue
        ends_outside = 2 - sum(
            rim - 0.5 <= x <= shape[1] - 0.5 - rim and rim - 0.5 <= y <= shape[0] - 0.5 - rim
            for x, y in (segment.ends[:2], segment.ends[2:])
        )
        if ends_outside == outside:
            break
    share = rng.uniform(*population.wings)
    return seen, trail(shape, segment, fwhm, modulation(rng, population.modulation), (share, 2.0)), outside > 0


def _through_8_bit(rng: np.random.Generator, image: Image) -> Image:
    """Clip and round as a picture file does, black where its darkest pixels are."""
    low, high = np.quantile(image, (rng.choice([0.0, 0.0, 0.005, 0.02]), 1 - rng.choice([0.0, 0.0, 0.005, 0.02])))
    step = (high - low) / 255.0
    return np.asarray(np.rint((np.clip(image, low, high) - low) / step) * step + low, np.float32)
