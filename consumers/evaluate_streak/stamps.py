"""The streak network on the frozen stamps, beside the matched filter and a plain segmentation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from consumers.evaluate_streak.misses import Misses, misses
from models.baselines.look_alike import distance, told_apart
from models.baselines.matched_filter import matched_filter
from models.baselines.segmentation import segment_image
from models.intervals import Figure, bootstrapped, draws, wilson
from models.simulate.streaks.frozen import FROZEN_STAMPS, frozen_differences, frozen_stamps
from models.simulate.streaks.population import TEST
from models.simulate.streaks.stamps import DrawnStamps, draw_stamps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.streak_detector import Streak, StreakDetector

FALSE_POSITIVES = 0.01
SNR_BINS = (5.0, 6.0, 7.0, 8.0, 10.0, 14.0, 20.0, 30.0, 50.0)
LENGTH_BINS = (4.0, 8.0, 12.0, 20.0, 35.0, 61.0)
#: From here on nearly all are to be found.
CLEAR = 8.0
_CLEAN_FIRST = 200_000_000
#: Found trails whose ends are measured.
_MEASURED = 2000
#: Share of edge-on galaxies that the network passes, about; trails a bin that are compared with them.
LOOK_ALIKES_PASS = 0.07
_LOOK_ALIKES = 100


@dataclass(frozen=True, slots=True)
class SnrRow:
    """Recall between two signal-to-noise ratios.

    Attributes
    ----------
    low, high : float
    network, same_filter, segmentation : Figure
        Of the network, the matched filter and the segmentation on the same stamps, each with one in a hundred of
        the same impostors.
    clean_network : Figure
        Of the network on trails in nothing but white noise, its threshold still that of the impostors.
    sensitive_network, ideal_filter : Figure
        Of network and matched filter on the same trails, each with one in a hundred of pure noise: how little light
        they need, impostors aside.
    shortfall : Figure
        By how much the matched filter then recalls more.
    told_apart : float
        Recall of whoever knows all but whether it is a trail or the edge-on galaxy most like it, of which 7 % pass.
    """

    low: float
    high: float
    network: Figure
    same_filter: Figure
    segmentation: Figure
    clean_network: Figure
    sensitive_network: Figure
    ideal_filter: Figure
    shortfall: Figure
    told_apart: float


@dataclass(frozen=True, slots=True)
class StampFigures:
    """All that is measured on stamps; `threshold` is the score that one in a hundred impostors passes."""

    threshold: float
    by_snr: list[SnrRow]
    clear: Figure
    clear_clean: Figure
    misses: list[Misses]
    by_length: list[tuple[float, float, Figure]]
    impostors: dict[str, Figure]
    shipped_threshold_passes: Figure
    end_error: Figure
    angle_error: Figure
    seen_end_error: Figure
    seen_angle_error: Figure


@dataclass(frozen=True, slots=True)
class DifferenceFigures:
    """What is measured on stamps like real differences; the threshold is that of their own impostors."""

    threshold: float
    by_snr: list[tuple[float, float, Figure]]
    misses: list[Misses]
    shipped_threshold_passes: Figure


def on_stamps(detector: StreakDetector, shipped_threshold: float, count: int = FROZEN_STAMPS) -> StampFigures:
    """Measure on the first `count` frozen stamps, the filters on a quarter as many."""
    stamps = frozen_stamps(count)
    seen = detector.look(list(stamps.images), fwhm=stamps.fwhm, polarity=stamps.told)
    scores = np.array([one.score for one in seen])
    streak = stamps.streak
    threshold = at_false_positives(scores[~streak])
    found = scores > threshold

    few = slice(0, max(count // 4, 1))
    upright = _upright(stamps)[few]
    filtered = matched_filter(upright, stamps.fwhm[few], dark=False)
    segmented = np.array([_segmented(*one) for one in zip(upright, stamps.fwhm[few], strict=True)])
    by_filter, by_segments = (one > at_false_positives(one[~streak[few]]) for one in (filtered, segmented))

    clean = draw_stamps(replace(TEST, residuals=0.0, field=0.0), max(count // 4, 1), _CLEAN_FIRST, streaks=1.0)
    noise = _noise(clean)
    clean_scores, noise_scores = (
        np.array([one.score for one in detector.look(list(images), fwhm=clean.fwhm, polarity=clean.told)])
        for images in (clean.images, noise)
    )
    clean_found, sensitive = (clean_scores > limit for limit in (threshold, at_false_positives(noise_scores)))
    filtered, limit = (matched_filter(one, clean.fwhm, dark=False) for one in (_upright(clean), noise))
    ideal = filtered > at_false_positives(limit)

    rows = []
    for low, high in pairwise(SNR_BINS):
        here, here_few, here_clean = (
            one.streak & (one.snr >= low) & (one.snr < high) for one in (stamps, _first(stamps, few), clean)
        )
        rows.append(
            SnrRow(
                low, high, _share(found[here]), _share(by_filter[here_few]), _share(by_segments[here_few]),
                _share(clean_found[here_clean]), _share(sensitive[here_clean]), _share(ideal[here_clean]),
                _mean(ideal[here_clean].astype(float) - sensitive[here_clean]), _told_apart(clean, here_clean),
            )
        )  # fmt: skip
    by_length = [
        (low, high, _share(found[streak & (stamps.length >= low) & (stamps.length < high)]))
        for low, high in pairwise(LENGTH_BINS)
    ]
    hits = np.flatnonzero(streak & found)[:_MEASURED]
    measured = detector.look(
        [stamps.images[one] for one in hits], measured_above=0.0, fwhm=stamps.fwhm[hits], polarity=stamps.told[hits]
    )
    ends, angles = end_errors(measured, stamps.ends[hits])
    seen_ends, seen_angles = end_errors([seen[one] for one in hits], stamps.ends[hits])
    return StampFigures(
        threshold=threshold,
        by_snr=rows,
        clear=_share(found[streak & (stamps.snr >= CLEAR)]),
        clear_clean=_share(clean_found[clean.snr >= CLEAR]),
        misses=misses(stamps, found, streak & (stamps.snr >= CLEAR)),
        by_length=by_length,
        impostors={str(kind): _share(found[stamps.kind == kind]) for kind in np.unique(stamps.kind[~streak])},
        shipped_threshold_passes=_share(scores[~streak] > shipped_threshold),
        end_error=_median(ends),
        angle_error=_median(angles),
        seen_end_error=_median(seen_ends),
        seen_angle_error=_median(seen_angles),
    )


def on_differences(detector: StreakDetector, shipped_threshold: float, count: int) -> DifferenceFigures:
    """Measure on a quarter of `count` of the frozen stamps that are like real differences."""
    stamps = frozen_differences(max(count // 4, 1))
    scores = np.array([one.score for one in detector.look(list(stamps.images), fwhm=stamps.fwhm, polarity=stamps.told)])
    streak = stamps.streak
    threshold = at_false_positives(scores[~streak])
    found = scores > threshold
    return DifferenceFigures(
        threshold=threshold,
        by_snr=[
            (low, high, _share(found[streak & (stamps.snr >= low) & (stamps.snr < high)]))
            for low, high in pairwise(SNR_BINS)
        ],
        misses=misses(stamps, found, streak & (stamps.snr >= CLEAR)),
        shipped_threshold_passes=_share(scores[~streak] > shipped_threshold),
    )


def at_false_positives(scores: NDArray[np.floating], share: float = FALSE_POSITIVES) -> float:
    """Score that a share of the impostors lies above."""
    return float(np.quantile(scores, 1.0 - share, method="higher"))


def end_errors(
    streaks: Sequence[Streak], truth: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean distances of the ends [px] in the order that fits better, and differences of direction [deg]."""
    found = np.array([one.segment.ends for one in streaks]).reshape(-1, 2, 2)
    true = truth.reshape(-1, 2, 2).astype(np.float64)
    distances = [np.linalg.norm(found - order, axis=2).mean(axis=1) for order in (true, true[:, ::-1])]
    directions = [np.arctan2(*(ends[:, 1] - ends[:, 0]).T[::-1]) for ends in (found, true)]
    turn = np.abs(directions[0] - directions[1]) % np.pi
    return np.minimum(*distances), np.degrees(np.minimum(turn, np.pi - turn))


def trail_score(found: Sequence[tuple[float, float]]) -> float:
    """How much of a trail a segmentation sees: the largest signal to noise, less what is round."""
    return max((snr * (1.0 - 1.0 / elongation) for snr, elongation in found), default=0.0)


def _segmented(image: NDArray[np.float32], fwhm: float) -> float:
    return trail_score([(one.snr, one.elongation) for one in segment_image(image, float(fwhm))])


def _upright(stamps: DrawnStamps) -> NDArray[np.float32]:
    """Stamps in which what is looked for is bright, as whoever knows an alert's polarity makes them."""
    return stamps.images * stamps.told[:, None, None].astype(np.float32)


def _told_apart(stamps: DrawnStamps, here: NDArray[np.bool_]) -> float:
    few = np.flatnonzero(here)[:_LOOK_ALIKES]
    distances = [distance(float(stamps.length[one]), float(stamps.fwhm[one]), TEST) for one in few]
    return float(told_apart(np.array(distances), stamps.snr[few], LOOK_ALIKES_PASS).mean()) if len(few) else math.nan


def _noise(stamps: DrawnStamps) -> NDArray[np.float32]:
    """Draw stamps of the same shapes with nothing in them."""
    noise = np.random.default_rng([TEST.seed, 1]).standard_normal(stamps.images.shape, dtype=np.float32)
    return np.where(np.isfinite(stamps.images), noise, np.float32(np.nan))


def _first(stamps: DrawnStamps, part: slice) -> DrawnStamps:
    return DrawnStamps(*(getattr(stamps, name)[part] for name in DrawnStamps.__slots__))


def _share(hits: NDArray[np.bool_]) -> Figure:
    return wilson(int(hits.sum()), len(hits))


def _mean(values: NDArray[np.float64]) -> Figure:
    if not len(values):
        return Figure(float("nan"), float("nan"), float("nan"), 0)
    return bootstrapped(float(values.mean()), values[draws(len(values))].mean(axis=1), len(values))


def _median(values: NDArray[np.float64]) -> Figure:
    if not len(values):
        return Figure(float("nan"), float("nan"), float("nan"), 0)
    return bootstrapped(float(np.median(values)), np.median(values[draws(len(values))], axis=1), len(values))
