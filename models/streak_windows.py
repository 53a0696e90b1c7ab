"""Streaks in a whole image: the network slides over it, and what it sees of one streak is put together again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models import streak_network
from models.simulate.streaks.trail import Segment
from models.streak_fit import fit_streak
from models.streak_light import aligned, light_along

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from models.streak_detector import StreakDetector

SIDE, STRIDE = streak_network.SIDE, 32
"""Of the windows [px]: every place is seen by four of them."""

MERGE_ANGLE = math.radians(5.0)
MERGE_GAP = 8.0
"""Pieces of one streak differ by less in direction, and have less between them [px]."""

#: Largest distance of a piece's ends from the other's line [px], and how much it grows with the gap between them.
_OFFSET, _OFFSET_SLOPE = 3.0, 0.03
#: Longest part of a streak that windows may not see [px].
_BLIND = 4 * SIDE
#: An end so near to its window's rim is where the window ends, not the streak [px]: windows in between, which a long
#: streak crosses from side to side as satellites do, see none.
_RIM = 4.0
#: What scores as much in a window of the grid is looked at again, in windows laid round the ends that were seen.
_DOUBTFUL = 0.3
#: How far from such a window's rim the end lies [px]; as much of the streak as possible is then inside.
_MARGIN = 8.0
#: A streak without so much light along it [S/N] lies where the network saw something else.
_LEAST_LIGHT = 4.0
#: Light along a streak that is longer than half a window, and so hardly a galaxy's, that vouches for it [S/N], and the
#: log odds that this is worth: windows see but parts of it, and each part is fainter.
_MUCH_LIGHT, _VOUCHED = 7.0, 3.0
#: Windows nearer to each other than this are one [px].
_COARSE = 4
#: Windows of which more is missing are left out.
_MISSING = 0.5
_ROWS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class FoundStreak:
    """One streak of an image.

    Attributes
    ----------
    score : float
        Of the window that is surest; of a streak longer than a window, that one of the outermost two is right; raised
        where the light along it vouches for it.
    polarity : int
        -1 for a dark one.
    segment : Segment
        In the image [px].
    """

    score: float
    polarity: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class _Piece:
    score: float
    polarity: int
    segment: Segment
    open1: bool
    open2: bool


def find_streaks(
    detector: StreakDetector,
    image: NDArray[np.float32],
    threshold: float,
    *,
    dark: bool = True,
    fwhm: float | None = None,
) -> tuple[float, list[FoundStreak]]:
    """Find the streaks of an image.

    Parameters
    ----------
    detector : StreakDetector
    image : float32 array (rows, columns)
        At least as large as a window; NaN where pixels are missing.
    threshold : float
        Score that a streak needs.
    dark : bool
        Whether to look for dark streaks too, as there are in differences.
    fwhm : float, optional
        Width of the PSF [px], where it is known.

    Returns
    -------
    score : float
        Of the surest streak, above the threshold or not; where there is none, of the surest window.
    streaks : list of FoundStreak
        The surest first.
    """
    pieces: list[_Piece] = []
    best, width = 0.0, streak_network.believed(fwhm)
    for places, windows in _windows(image, fwhm):
        for polarity in (1, -1) if dark else (1,):
            found = detector.outputs(_seen(windows, polarity))
            doubtful = _pieces(image, places, polarity, found, width)
            best = max(best, float(np.minimum(found[:, 0], _DOUBTFUL).max()))
            again = sorted({place for piece in doubtful for place in _round_ends(piece, image.shape)})
            if again:
                cut = _prepared([_cut(image, place) for place in again], fwhm)
                pieces += _pieces(image, again, polarity, detector.outputs(_seen(cut, polarity)), width)
    joined = [_joined(group) for group in _groups(pieces)]
    streaks = [one for one in (_weighed(one, image, width) for one in joined) if one is not None]
    best = max([best, *(one.score for one in streaks)])
    return best, sorted(_distinct([one for one in streaks if one.score > threshold]), key=lambda one: -one.score)


def _prepared(cut: Sequence[NDArray[np.float32]], fwhm: float | None) -> NDArray[np.float32]:
    return streak_network.prepare(cut, [fwhm] * len(cut))


def _seen(windows: NDArray[np.float32], polarity: int) -> NDArray[np.float32]:
    return windows if polarity > 0 else streak_network.negative(windows)


def _windows(
    image: NDArray[np.float32], fwhm: float | None
) -> Iterator[tuple[list[tuple[int, int]], NDArray[np.float32]]]:
    """Places (row, column) and prepared windows, some rows of windows at a time: a whole CCD does not fit."""
    rows, columns = (_starts(size) for size in image.shape)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        places = [(row, column) for row in rows[first : first + _ROWS_AT_ONCE] for column in columns]
        cut = [_cut(image, place) for place in places]
        kept = [number for number, one in enumerate(cut) if np.isfinite(one).mean() > 1.0 - _MISSING]
        if kept:
            yield [places[number] for number in kept], _prepared([cut[number] for number in kept], fwhm)


def _starts(size: int) -> list[int]:
    """Where windows begin along an axis; the last one ends with the image."""
    last = max(size - SIDE, 0)
    return [*range(0, last, STRIDE), last]


def _cut(image: NDArray[np.float32], place: tuple[int, int]) -> NDArray[np.float32]:
    return image[place[0] : place[0] + SIDE, place[1] : place[1] + SIDE]


def _pieces(
    image: NDArray[np.float32],
    places: Sequence[tuple[int, int]],
    polarity: int,
    found: NDArray[np.float32],
    fwhm: float,
) -> list[_Piece]:
    """Measure what the network found in the windows at some places."""
    return [
        _piece(polarity * _cut(image, place), place, polarity, float(score), Segment(*map(float, ends)), fwhm)
        for place, (score, *ends) in zip(places, found, strict=True)
        if score > _DOUBTFUL
    ]


def _piece(
    window: NDArray[np.float32], place: tuple[int, int], polarity: int, score: float, seen: Segment, fwhm: float
) -> _Piece:
    top, left = streak_network.margins(window.shape)  # of an image narrower than a window
    seen = Segment(seen.x1 - left, seen.y1 - top, seen.x2 - left, seen.y2 - top)
    measured = fit_streak(window, seen)
    if light_along(window, measured, fwhm) < _LEAST_LIGHT:  # too far away for least squares
        measured = fit_streak(window, aligned(window, seen, fwhm))
    x1, y1, x2, y2 = measured.ends

    def is_open(x: float, y: float) -> bool:
        return bool(min(x, y, window.shape[1] - 1 - x, window.shape[0] - 1 - y) < _RIM)

    row, column = place
    segment = Segment(x1 + column, y1 + row, x2 + column, y2 + row)
    return _Piece(score, polarity, segment, is_open(x1, y1), is_open(x2, y2))


def _round_ends(piece: _Piece, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Places of windows, one an end that was seen, that show as much of the streak as they can."""
    x1, y1, x2, y2 = piece.segment.ends
    length = max(piece.segment.length, 1e-6)
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    reach = min(length / 2, (SIDE / 2 - _MARGIN) / max(abs(dx), abs(dy)))

    def start(middle: float, size: int) -> int:
        return int(np.clip(_COARSE * round((middle - SIDE / 2) / _COARSE), 0, max(size - SIDE, 0)))

    return [
        (start(y + reach * v, shape[0]), start(x + reach * u, shape[1]))
        for x, y, u, v, is_open in ((x1, y1, dx, dy, piece.open1), (x2, y2, -dx, -dy, piece.open2))
        if not is_open
    ]


def _groups(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Put together what belongs to one streak; a piece that belongs to two groups joins them."""
    groups: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda one: -one.score):
        near = [group for group in groups if any(_belong(piece, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([one for group in near for one in group] + [piece])
    return groups


def _weighed(one: FoundStreak, image: NDArray[np.float32], fwhm: float) -> FoundStreak | None:
    """Leave out a streak without light; raise the score of a long one that has much."""
    light = light_along(one.polarity * image, one.segment, fwhm)
    if light < _LEAST_LIGHT:
        return None
    if light < _MUCH_LIGHT or one.segment.length < SIDE / 2 or one.score >= 1.0:
        return one
    return replace(one, score=1.0 / (1.0 + (1.0 / one.score - 1.0) * math.exp(-_VOUCHED)))


def _distinct(streaks: Sequence[FoundStreak]) -> list[FoundStreak]:
    """Leave out what lies across a longer streak: a window that saw its rim misjudged its direction."""
    kept: list[FoundStreak] = []
    for one in sorted(streaks, key=lambda one: -one.segment.length):
        if not any(_lies_on(one.segment, other.segment) for other in kept):
            kept.append(one)
    return kept


def _lies_on(one: Segment, other: Segment) -> bool:
    middle = Segment((one.x1 + one.x2) / 2, (one.y1 + one.y2) / 2, (one.x1 + one.x2) / 2, (one.y1 + one.y2) / 2)
    (along, _), (across, _) = _along(other, middle)
    return abs(across) < MERGE_GAP and -MERGE_GAP < along < other.length + MERGE_GAP


def _belong(a: _Piece, b: _Piece) -> bool:
    """Whether two pieces lie on one line with little between them, or only what their windows could not see."""
    if a.polarity != b.polarity:
        return False
    long, short = (a, b) if a.segment.length >= b.segment.length else (b, a)
    turn = abs(long.segment.angle - short.segment.angle)
    if min(turn, math.pi - turn) > MERGE_ANGLE:
        return False
    along, across = _along(long.segment, short.segment)
    low, high = sorted(along)
    gap = max(low - long.segment.length, -high)
    if max(abs(one) for one in across) > _OFFSET + _OFFSET_SLOPE * max(gap, 0.0):
        return False
    if gap < MERGE_GAP:
        return True
    near_end = int(along[1] < along[0]) if low > long.segment.length else int(along[1] > along[0])
    facing = long.open2 if low > long.segment.length else long.open1
    return gap < _BLIND and facing and (short.open1, short.open2)[near_end]


def _along(line: Segment, other: Segment) -> tuple[tuple[float, float], tuple[float, float]]:
    """Places of another segment's ends along a line from its first end, and distances from it."""
    length = max(line.length, 1e-6)
    c, s = (line.x2 - line.x1) / length, (line.y2 - line.y1) / length
    offsets = [(x - line.x1, y - line.y1) for x, y in (other.ends[:2], other.ends[2:])]
    along = [dx * c + dy * s for dx, dy in offsets]
    across = [dy * c - dx * s for dx, dy in offsets]
    return (along[0], along[1]), (across[0], across[1])


def _joined(group: Sequence[_Piece]) -> FoundStreak:
    """Span all pieces of a group along the longest one's direction, through their middle.

    The score is the surest piece's. Of a streak longer than a window the outermost two show different parts, and that
    one of them is right is enough: two chance detections hardly lie on one line.
    """
    longest = max(group, key=lambda one: one.segment.length).segment
    places, offsets = zip(*(_along(longest, piece.segment) for piece in group), strict=True)
    weights = [piece.segment.length for piece in group]
    offset = float(np.average([sum(pair) / 2 for pair in offsets], weights=weights))
    low, high = min(min(pair) for pair in places), max(max(pair) for pair in places)
    length = max(longest.length, 1e-6)
    c, s = (longest.x2 - longest.x1) / length, (longest.y2 - longest.y1) / length
    x, y = longest.x1 - offset * s, longest.y1 + offset * c
    segment = Segment(x + low * c, y + low * s, x + high * c, y + high * s)
    score = max(piece.score for piece in group)
    if high - low > SIDE:
        order = np.argsort([sum(pair) for pair in places])
        score = max(score, 1.0 - (1.0 - group[order[0]].score) * (1.0 - group[order[-1]].score))
    return FoundStreak(score, group[0].polarity, segment if len(group) > 1 else longest)
