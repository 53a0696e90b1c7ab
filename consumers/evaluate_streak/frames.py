"""Whole Euclid-like frames: the sliding network beside a segmentation with as many false detections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.baselines.segmentation import segment_image
from models.intervals import Figure, bootstrapped, draws, wilson
from models.simulate.streaks.frames import draw_frame
from models.streak_windows import find_streaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from models.simulate.streaks.frames import TrueStreak
    from models.simulate.streaks.trail import Segment
    from models.streak_detector import StreakDetector

#: Poentinen et al. 2020, as far as its abstract tells: 96.9 % of the streaks brighter and longer than these.
BRIGHT, LONG = 23.0, 15.0
MAGNITUDE_STEP = 0.5
#: Trails between these lengths [px] are as long as half a window: where limits in magnitude are read off.
MIDDLING = (15.0, 60.0)
#: Limits in length are read off trails brighter than this.
CLEAR = 23.5
#: A detection is a streak's if it lies as near to it [px], in much the same direction [rad].
_NEAR, _TURN = 4.0, math.radians(20.0)
#: Thresholds and smallest sizes that the segmentation may choose from.
_SETTINGS = tuple((threshold, pixels) for threshold in (1.0, 1.5, 2.0, 3.0) for pixels in (6, 10, 16))


@dataclass(frozen=True, slots=True)
class Half:
    """Where half of the streaks are found: faintest magnitude, shortest length [px], with bootstrap intervals."""

    magnitude: Figure
    length: Figure


@dataclass(frozen=True, slots=True)
class FrameFigures:
    """All that is measured on frames.

    Attributes
    ----------
    bright_and_long : Figure
        Completeness at mag < 23 and length > 15 px.
    false_network, false_segmentation : float
        False detections a frame.
    network, segmentation : Half
    fainter : Figure
        By how much the network's half completeness is fainter [mag].
    shorter : Figure
        Ratio of the network's half-completeness length to the segmentation's.
    by_magnitude : list of (low, high, network, segmentation)
    setting : (threshold, pixels, elongation)
        Of the segmentation: that which finds most with no more false detections than the network.
    """

    bright_and_long: Figure
    bright_and_long_segmentation: Figure
    false_network: float
    false_segmentation: float
    network: Half
    segmentation: Half
    fainter: Figure
    shorter: Figure
    by_magnitude: list[tuple[float, float, Figure, Figure]]
    setting: tuple[float, int, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Which streaks were found, and how many false detections there were in all."""

    hits: NDArray[np.bool_]
    false: int


def on_frames(detector: StreakDetector, threshold: float, numbers: Iterable[int]) -> FrameFigures:
    """Measure on frames of the frozen set, by their numbers; the network's threshold is the one that ships."""
    magnitudes, lengths = [], []
    network: list[_Found] = []
    candidates: dict[tuple[float, int], list[list[tuple[float, Segment]]]] = {one: [] for one in _SETTINGS}
    drawn: list[tuple[TrueStreak, ...]] = []
    for number in numbers:
        frame = draw_frame(number)
        magnitudes += [one.magnitude for one in frame.streaks]
        lengths += [one.segment.length for one in frame.streaks]
        _, seen = find_streaks(detector, frame.image, threshold, dark=False, fwhm=frame.fwhm)
        network.append(_match(frame.streaks, [one.segment for one in seen]))
        for setting, found in candidates.items():
            found.append([(one.elongation, one.segment) for one in segment_image(frame.image, frame.fwhm, *setting)])
        drawn.append(frame.streaks)
    frames = len(drawn)
    ours = _Found(np.concatenate([one.hits for one in network]), sum(one.false for one in network))
    theirs, chosen = _best(candidates, drawn, ours.false)
    magnitude, length = np.array(magnitudes), np.array(lengths)
    easy = (magnitude < BRIGHT) & (length > LONG)
    middling, clear = (length > MIDDLING[0]) & (length < MIDDLING[1]), magnitude < CLEAR
    faint, short = (
        _halves(value[part], ours.hits[part], theirs.hits[part])
        for value, part in ((magnitude, middling), (-np.log(length), clear))
    )
    bins = np.arange(magnitude.min() // MAGNITUDE_STEP * MAGNITUDE_STEP, magnitude.max(), MAGNITUDE_STEP)
    return FrameFigures(
        bright_and_long=_share(ours.hits[easy]),
        bright_and_long_segmentation=_share(theirs.hits[easy]),
        false_network=ours.false / frames,
        false_segmentation=theirs.false / frames,
        network=Half(faint[0], _exponential(short[0])),
        segmentation=Half(faint[1], _exponential(short[1])),
        fainter=faint[2],
        shorter=_exponential(short[2]),
        by_magnitude=[
            (low, low + MAGNITUDE_STEP, *(_share(one.hits[here]) for one in (ours, theirs)))
            for low in bins
            for here in [middling & (magnitude >= low) & (magnitude < low + MAGNITUDE_STEP)]
        ],
        setting=chosen,
    )


def _match(streaks: Sequence[TrueStreak], found: Sequence[Segment]) -> _Found:
    """Give each detection to the streak that it lies on; one on none is false, several on one count once."""
    on = np.array([[_lies_on(segment, true.segment) for true in streaks] for segment in found])
    on = on.reshape(len(found), len(streaks))
    return _Found(np.asarray(on.any(axis=0)), int((~on.any(axis=1)).sum()))


def _lies_on(found: Segment, true: Segment) -> bool:
    middle = (found.x1 + found.x2) / 2 - (true.x1 + true.x2) / 2, (found.y1 + found.y2) / 2 - (true.y1 + true.y2) / 2
    c, s = math.cos(true.angle), math.sin(true.angle)
    along, across = middle[0] * c + middle[1] * s, middle[1] * c - middle[0] * s
    turn = abs(found.angle - true.angle)
    aligned = min(turn, math.pi - turn) < _TURN or true.length < 2 * _NEAR
    return aligned and abs(across) < _NEAR and abs(along) < true.length / 2 + _NEAR


def _best(
    candidates: dict[tuple[float, int], list[list[tuple[float, Segment]]]],
    streaks: Sequence[Sequence[TrueStreak]],
    allowed: int,
) -> tuple[_Found, tuple[float, int, float]]:
    """Choose threshold, size and elongation with the most streaks among those with as few false detections."""
    results = []
    for setting, frames in candidates.items():
        for elongation in np.geomspace(1.3, 12.0, 24):
            matched = [
                _match(true, [segment for ratio, segment in found if ratio > elongation])
                for true, found in zip(streaks, frames, strict=True)
            ]
            one = _Found(np.concatenate([each.hits for each in matched]), sum(each.false for each in matched))
            if one.false <= allowed:
                results.append((int(one.hits.sum()), one, (*setting, float(elongation))))
                break  # a stricter cut only finds fewer
    if not results:  # no cut is strict enough: it finds nothing
        nothing = np.zeros(sum(len(true) for true in streaks), bool)
        return _Found(nothing, 0), (math.nan, 0, math.inf)
    _, best, chosen = max(results, key=lambda one: one[0])
    return best, chosen


def _halves(
    values: NDArray[np.float64], ours: NDArray[np.bool_], theirs: NDArray[np.bool_]
) -> tuple[Figure, Figure, Figure]:
    """Values at which half are found, ours, theirs and their difference; the bootstrap takes the same streaks."""
    orders = [slice(None), *draws(len(values))[:200]]
    pairs = np.array([[_half(values[order], hits[order]) for hits in (ours, theirs)] for order in orders])
    columns = (pairs[:, 0], pairs[:, 1], pairs[:, 0] - pairs[:, 1])
    half, half_of_theirs, difference = (bootstrapped(float(one[0]), one[1:], len(values)) for one in columns)
    return half, half_of_theirs, difference


def _half(values: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    """Where a falling logistic curve with a ceiling, fitted by least squares, passes one half."""
    from scipy.optimize import curve_fit, root_scalar

    def share(value: NDArray[np.float64] | float, middle: float, width: float, ceiling: float) -> Any:
        return ceiling / (1.0 + np.exp(np.clip((value - middle) / width, -50.0, 50.0)))

    low, high = float(values.min()), float(values.max())
    bounds = ([low - 1, 0.02, 0.3], [high + 1, high - low, 1.0])
    start = (float(np.quantile(values, max(min(hits.mean(), 0.95), 0.05))), 0.1 * (high - low), 0.97)
    fitted, _ = curve_fit(share, values, hits.astype(float), start, bounds=bounds)
    if (share(low, *fitted) - 0.5) * (share(high, *fitted) - 0.5) > 0:
        return low if hits.mean() < 0.5 else high
    return float(root_scalar(lambda value: share(value, *fitted) - 0.5, bracket=(low, high)).root)


def _exponential(figure: Figure) -> Figure:
    """Turn a negative logarithm and its interval back."""
    return Figure(math.exp(-figure.value), math.exp(-figure.high), math.exp(-figure.low), figure.n)


def _share(hits: NDArray[np.bool_]) -> Figure:
    return wilson(int(hits.sum()), len(hits))
