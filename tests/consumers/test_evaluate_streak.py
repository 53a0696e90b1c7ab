from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from consumers.evaluate_streak.frames import on_frames
from consumers.evaluate_streak.misses import misses
from consumers.evaluate_streak.real import convolved_trail, on_packets, on_pictures
from consumers.evaluate_streak.run import print_figures
from consumers.evaluate_streak.stamps import at_false_positives, end_errors, on_stamps
from consumers.evaluate_streak.transfer import print_transfer
from models.simulate.streaks.frozen import frozen_differences
from models.simulate.streaks.sources import star
from models.simulate.streaks.trail import Segment, trail
from models.simulate.stream import simulate
from models.streak_detector import THRESHOLD, Streak, StreakDetector, load
from models.train import streak_transfer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def detector() -> StreakDetector:
    return load()


def test_ends_are_compared_in_the_better_order() -> None:
    found = [Streak(1.0, 1, Segment(0.0, 0.0, 10.0, 0.0)), Streak(1.0, 1, Segment(10.0, 3.0, 0.0, 3.0))]
    distances, angles = end_errors(found, np.array([[10, 0, 0, 0], [0, 0, 10, 0]], np.float32))
    np.testing.assert_allclose(distances, [0.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(angles, [0.0, 0.0], atol=1e-6)


def test_one_in_a_hundred_lies_above_the_threshold() -> None:
    scores = np.arange(1000) / 1000
    assert (scores > at_false_positives(scores)).sum() in {9, 10}


def test_a_psf_drawn_along_a_line_is_a_trail() -> None:
    segment = Segment(12.4, 20.7, 40.1, 33.3)
    drawn = convolved_trail((64, 64), segment, star((41, 41), 20.0, 20.0, 4.0).astype(float))
    np.testing.assert_allclose(drawn, trail((64, 64), segment, 4.0), atol=2e-5)
    assert drawn.sum() == pytest.approx(1.0, abs=1e-3)


def test_figures_of_stamps_hang_together(detector: StreakDetector) -> None:
    figures = on_stamps(detector, THRESHOLD, 600)
    passed = sum(figure.value * figure.n for figure in figures.impostors.values())
    assert passed / sum(figure.n for figure in figures.impostors.values()) <= 0.011
    assert figures.by_snr[-1].network.value > figures.by_snr[0].network.value
    assert figures.by_snr[-1].ideal_filter.value > 0.9
    assert figures.end_error.value < figures.seen_end_error.value


def test_misses_are_divided_by_what_lies_beneath() -> None:
    stamps = frozen_differences(200)
    found = np.random.default_rng(1).random(200) < 0.5
    parts = misses(stamps, found, stamps.streak)
    for part in (parts[:3], parts[3:6], parts[6:]):  # each a division of all
        assert sum(one.recall.n for one in part) == stamps.streak.sum()
        assert sum(one.share for one in part) == pytest.approx(1.0)


def test_frames_tell_where_half_are_found(detector: StreakDetector) -> None:
    figures = on_frames(detector, THRESHOLD, range(8))
    assert figures.bright_and_long.value > 0.5
    assert figures.network.length.value > 0
    assert figures.network.magnitude.value - figures.segmentation.magnitude.value == pytest.approx(
        figures.fainter.value
    )


def test_the_command_prints_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(300, 0, None, None)
    text = capsys.readouterr().out
    for part in (
        "S/N 5 to 6",
        "edge-on galaxy",
        "direction [deg]",
        "purity",
        "like real differences",
        "both ends inside",
    ):
        assert part in text


def test_real_packets_are_painted_and_pictures_compared(detector: StreakDetector, tmp_path: Path) -> None:
    """On a simulated night: the real packets are for `sosia evaluate streak --data` alone."""
    for number, alert in enumerate(simulate("ztf", 12)):
        (tmp_path / f"{number}.avro").write_bytes(alert.packet)
    (painted,) = on_packets(detector, THRESHOLD, tmp_path)
    assert (painted.survey, painted.stamps) == ("ztf", 12)
    rows = dict(painted.table)
    assert rows[20.0][-1].value > rows[20.0][0].value
    assert rows[60.0][0].n < rows[20.0][0].n  # the longest do not fit at every angle
    folder = tmp_path / "streaks" / "ztf"
    folder.mkdir(parents=True)
    image = np.random.default_rng(1).standard_normal((144, 144)) + 900 * trail((144, 144), Segment(60, 60, 84, 80), 2.5)
    Image.fromarray(np.clip(200 - 10 * image, 0, 255).astype(np.uint8)).save(folder / "one.png")
    assert on_pictures(detector, THRESHOLD, tmp_path).scores[0] > 0.5


def test_transfer_is_printed_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streak_transfer, "TEST_STAMPS", 100)
    for lesson in ("SOURCE", "FIRST", "FURTHER"):
        monkeypatch.setattr(streak_transfer, lesson, streak_transfer.Lesson(1.0))
    print_transfer(tmp_path / "curve.png", counts=(64,), stamps=64, repeats=1)
    assert "| 64 | " in capsys.readouterr().out
    assert (tmp_path / "curve.png").stat().st_size > 1000
