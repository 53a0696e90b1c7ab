"""The whole evaluation of the streak network, printed as it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from consumers.evaluate_streak.frames import FrameFigures, on_frames
from consumers.evaluate_streak.picture import save_picture
from consumers.evaluate_streak.real import LENGTHS, SNRS, Painted, Pictures, on_packets, on_pictures
from consumers.evaluate_streak.stamps import DifferenceFigures, StampFigures, on_differences, on_stamps
from models.streak_detector import THRESHOLD, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.streak_detector import StreakDetector

#: Asteroids among the sources of an image: Verdoes Kleijn et al., section 1.
PREVALENCE = 1e-5


def print_figures(
    stamps: int, frames: int, data: Path | None = None, weights: Path | None = None, picture: Path | None = None
) -> None:
    """Measure and print.

    Parameters
    ----------
    stamps, frames : int
        How many of the frozen sets; none of either for 0.
    data : path or None
        Folder with real packets and ``streaks/ztf``.
    weights : path or None
        Other weights than those that ship.
    picture : path or None
        Where to draw what the network takes for something else, as PNG.
    """
    console = Console(highlight=False, soft_wrap=True)
    detector = load(weights)
    for line in _lines(detector, stamps, frames, data):
        console.print(line, markup=False)
    if picture is not None:
        save_picture(detector, THRESHOLD, picture)


def _lines(detector: StreakDetector, stamps: int, frames: int, data: Path | None) -> Iterator[str]:
    if stamps:
        yield from _stamp_lines(on_stamps(detector, THRESHOLD, stamps))
        yield from _difference_lines(on_differences(detector, THRESHOLD, stamps))
    if frames:
        ticks = track(range(frames), "Frames", console=Console(stderr=True), transient=True)
        yield from _frame_lines(on_frames(detector, THRESHOLD, ticks))
    if data is not None:
        for painted in on_packets(detector, THRESHOLD, data):
            yield from _painted_lines(painted)
        yield from _picture_lines(on_pictures(detector, THRESHOLD, data))


def _stamp_lines(figures: StampFigures) -> Iterator[str]:
    yield "frozen stamps, simulated, at one in a hundred impostors"
    yield f"  threshold {figures.threshold:.4f}"
    yield f"  impostors that pass the threshold that ships: {figures.shipped_threshold_passes}"
    for row in figures.by_snr:
        yield f"  S/N {row.low:g} to {row.high:g}"
        yield f"    network                          {row.network}"
        yield f"    matched filter, same impostors   {row.same_filter}"
        yield f"    segmentation, same impostors     {row.segmentation}"
        yield f"    network, trails in white noise   {row.clean_network}"
        yield "    both at one in a hundred stamps of nothing but noise, on trails in white noise:"
        yield f"    network                          {row.sensitive_network}"
        yield f"    matched filter, the ideal        {row.ideal_filter}"
        yield f"    ideal less network               {row.shortfall}"
        yield f"    trail or edge-on galaxy, all else known, 7 % of these passing: {row.told_apart:.3f}"
    yield f"  S/N above 8                        {figures.clear}"
    yield f"    the same, in white noise         {figures.clear_clean}"
    for miss in figures.misses:
        yield f"    {miss.name}: recall {miss.recall}, {miss.share:.1%} of the misses"
    for low, high, figure in figures.by_length:
        yield f"  length {low:g} to {high:g} px: {figure}"
    for kind, figure in figures.impostors.items():
        yield f"  passed as streak, {kind}: {figure}"
    yield f"  ends [px], median: measured {figures.end_error}; network {figures.seen_end_error}"
    yield f"  direction [deg], median: measured {figures.angle_error}; network {figures.seen_angle_error}"
    recall, passing = figures.clear.value, figures.shipped_threshold_passes
    yield (
        f"  purity at one asteroid in 100,000 sources, S/N above 8: {_purity(recall, passing.value):.1e}"
        f" ({_purity(recall, passing.high):.1e} to {_purity(recall, passing.low):.1e})"
    )


def _difference_lines(figures: DifferenceFigures) -> Iterator[str]:
    yield "frozen stamps like real differences, simulated, at one in a hundred of their impostors"
    yield f"  threshold {figures.threshold:.4f}"
    yield f"  impostors that pass the threshold that ships: {figures.shipped_threshold_passes}"
    for low, high, figure in figures.by_snr:
        yield f"  S/N {low:g} to {high:g}: {figure}"
    for miss in figures.misses:
        yield f"    {miss.name}: recall {miss.recall}, {miss.share:.1%} of the misses"


def _frame_lines(figures: FrameFigures) -> Iterator[str]:
    yield "Euclid-like frames, simulated"
    yield f"  mag < 23 and length > 15 px: network {figures.bright_and_long}"
    yield f"                               segmentation {figures.bright_and_long_segmentation}"
    yield f"  false detections a frame: network {figures.false_network:.2f}"
    yield f"                            segmentation {figures.false_segmentation:.2f}"
    yield "  segmentation at {:g} sigma, {} px, elongation above {:.2f}".format(*figures.setting)
    for low, high, ours, theirs in figures.by_magnitude:
        yield f"  mag {low:g} to {high:g}, length 15 to 60 px: network {ours}, segmentation {theirs}"
    yield f"  half are found at mag: network {figures.network.magnitude}"
    yield f"                         segmentation {figures.segmentation.magnitude}; fainter by {figures.fainter}"
    yield f"  half are found at length [px], mag < 23.5: network {figures.network.length}"
    yield f"                         segmentation {figures.segmentation.length}; ratio {figures.shorter}"


def _painted_lines(painted: Painted) -> Iterator[str]:
    yield f"trails painted into {painted.stamps} real {painted.survey} differences"
    yield f"  of the differences as they are pass: {painted.passing}"
    for length in LENGTHS:
        row = dict(painted.table)[length]
        for snr, figure in zip(SNRS, row, strict=True):
            if figure.n:
                yield f"  length {length:g} px, S/N {snr:g}: {figure}"


def _picture_lines(pictures: Pictures) -> Iterator[str]:
    yield "ZTF's streak pictures (8 bits, inner 63 px), real"
    yield f"  found where at most 2 % of ZTF's differences pass, rounded alike: {pictures.found}"
    yield f"  at the threshold that ships: {pictures.found_at_shipped}"
    yield f"    of the differences pass it: {pictures.passing_at_shipped}"
    yield "  scores " + " ".join(f"{one:.3f}" for one in pictures.scores)


def _purity(recall: float, false_positives: float) -> float:
    true, false = recall * PREVALENCE, false_positives * (1.0 - PREVALENCE)
    return true / (true + false) if true + false else float("nan")
