from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from consumers.evaluate_merger.picture import save_picture
from consumers.evaluate_merger.real import on_pictures, within
from consumers.evaluate_merger.run import print_figures
from consumers.evaluate_merger.stamps import RECALL, on_stamps
from models.merger_finder import THRESHOLD, MergerFinder, load
from models.simulate.mergers.frozen import calibration_stamps
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def finder() -> MergerFinder:
    return load()


def test_figures_of_stamps_hang_together(finder: MergerFinder) -> None:
    figures = on_stamps(finder, THRESHOLD, 256)
    assert figures.area.value - figures.asymmetry_area.value == pytest.approx(figures.gain.value)
    assert figures.area.value > 0.8
    merged = sum(figure.n for *_, figure in figures.by_separation)
    hits = sum(figure.value * figure.n for *_, figure in figures.by_separation if figure.n)
    assert hits / merged == pytest.approx(figures.recall.value)
    passed = sum(figure.value * figure.n for figure in figures.by_kind.values())
    assert passed / (256 - merged) == pytest.approx(figures.false_positives.value)
    right = hits + 256 - merged - passed
    assert right / 256 == pytest.approx(figures.accuracy.value)
    assert RECALL < 1.0
    assert figures.narrow["star"].value > 0.7
    assert figures.narrow["merger"].value < 0.05


def test_the_command_prints_every_part_and_draws(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    print_figures(128)
    text = capsys.readouterr().out
    for part in ("accuracy", "chance pair", "rotational asymmetry", "narrow", "of the light torn", "one galaxy in ten"):
        assert part in text


def test_only_pictures_of_one_survey_are_compared() -> None:
    merger, surveys = np.array([True, False, True, False]), np.array(["a", "a", "b", "c"])
    assert within(merger, surveys).nonzero() == (np.array([0]), np.array([1]))


def test_pictures_are_ranked_within_their_survey(finder: MergerFinder, tmp_path: Path) -> None:
    """On simulated pictures: the real ones are for `sosia evaluate merger --data` alone."""
    folder = tmp_path / "galaxyzoo"
    folder.mkdir()
    stamps, images = calibration_stamps(48)
    with (folder / "labels.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["file", "survey", "label"])
        for number, (image, merger) in enumerate(zip(images, stamps.merger, strict=True)):
            grey = 255 * np.clip(np.arcsinh(image) / np.arcsinh(image.max()), 0, 1)
            Image.fromarray(grey.astype(np.uint8)).save(folder / f"{number}.png")
            rows.writerow([f"{number}.png", "ab"[number % 2], "merging" if merger else "normal"])
    figures = on_pictures(finder, THRESHOLD, tmp_path)
    assert [name for name, *_ in figures.surveys] == ["a", "b"]
    pairs = [mergers * ordinary for _, mergers, ordinary, _ in figures.surveys]
    areas = [area for *_, area in figures.surveys]
    assert figures.area.value == pytest.approx(np.average(areas, weights=pairs))
    assert figures.area.value > 0.7
    assert figures.area.value - figures.asymmetry_area.value == pytest.approx(figures.gain.value)
    assert figures.by_label["merging"].n == stamps.merger.sum()


def test_a_folder_without_pictures_is_named(finder: MergerFinder, tmp_path: Path) -> None:
    with pytest.raises(SosiaError, match="galaxyzoo"):
        on_pictures(finder, THRESHOLD, tmp_path)


def test_a_sheet_is_drawn(finder: MergerFinder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.evaluate_merger.picture.STAMPS", 128)
    save_picture(finder, THRESHOLD, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 1500
        assert np.asarray(sheet).std() > 20
