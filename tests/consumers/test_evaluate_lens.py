from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from consumers.evaluate_lens.picture import save_picture
from consumers.evaluate_lens.real import four_bands, on_candidates, read_candidates, redness
from consumers.evaluate_lens.run import lines_of, print_figures
from consumers.evaluate_lens.stamps import Looks, auroc, measure, purity, recall_before, spearman, threshold_at
from models.lens_finder import load
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(1)
    lens = rng.random(400) < 0.5
    score = np.round(rng.standard_normal(400) + lens, 1)
    pairs = score[lens][:, None] - score[~lens]
    figure = auroc(score, lens)
    assert figure.value == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    assert figure.low < figure.value < figure.high


def test_fewer_than_ten_false_positives_are_nine() -> None:
    lens = np.arange(200) % 2 == 0
    score = np.arange(200) / 200.0
    threshold = np.sort(score[~lens])[::-1][9]
    figure = recall_before(score, lens, 10)
    assert figure.value == pytest.approx((score[lens] > threshold).mean())
    assert (score[~lens] > threshold).sum() == 9
    assert recall_before(score, lens, 1).value <= figure.value


def test_at_a_share_of_false_positives_no_more_pass() -> None:
    negatives = np.arange(1000) / 1000
    assert (negatives > threshold_at(negatives, 0.01)).sum() <= 10


def test_purity_is_ruled_by_the_prevalence() -> None:
    """The numbers of the base rates: at a recall of 0.75, 88, 43 and 7 per cent."""
    assert [round(purity(0.75, share), 2) for share in (1e-4, 1e-3, 1e-2)] == [0.88, 0.43, 0.07]


def test_ranks_of_contents_are_compared() -> None:
    truth = np.exp(np.random.default_rng(2).standard_normal(500))
    assert spearman(truth**2, truth).value == pytest.approx(1.0)
    assert abs(spearman(truth[::-1].copy(), truth).value) < 0.15


def test_figures_of_looks_hang_together() -> None:
    rng = np.random.default_rng(3)
    count = 4000
    lens = rng.random(count) < 0.5
    snr = np.where(lens, 100 * rng.random(count), np.nan).astype(np.float32)
    score = np.where(lens, 0.05 * np.nan_to_num(snr), 0.0) + rng.standard_normal(count)
    kind = np.where(lens, "lens", np.where(rng.random(count) < 0.5, "ring", "spiral"))
    looks = Looks(score, np.nan_to_num(snr, nan=1.0).astype(float), kind, lens, snr / 50, snr, snr)
    figures = measure(looks)
    assert figures.detectable.value > figures.auroc.value
    assert figures.by_snr[-1][2].value > figures.by_snr[1][2].value
    assert sum(one.value * one.n for one in figures.impostors.values()) <= 0.0101 * (~lens).sum()
    assert figures.spearman.value == pytest.approx(1.0)
    assert any("AUROC" in line for line in lines_of("ground", figures))


def _candidates(folder: Path) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    rows = ["file,grade"]
    for number in range(8):
        picture = rng.integers(0, 60, (161, 161, 3)).astype(np.uint8)
        picture[70:91, 70:91, 0] = 40 + 20 * number
        Image.fromarray(picture).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{number / 2 - 0.5}")
    (folder / "grades.csv").write_text("\n".join(rows) + "\n")


def test_candidates_are_ranked_in_colour_and_in_grey(tmp_path: Path) -> None:
    _candidates(tmp_path / "lenses" / "cfhtls")
    pictures, grades = read_candidates(tmp_path / "lenses" / "cfhtls")
    assert redness(pictures[7]) > redness(pictures[0])
    assert np.isnan(four_bands(pictures[0])[0]).all()
    np.testing.assert_array_equal(four_bands(pictures[0])[3], pictures[0][0])
    colour, rankings = on_candidates(load("ground-ugri"), load("ground"), tmp_path)
    assert colour.value == 1.0
    assert len({one.name for one in rankings}) == 4
    assert all(one.area.n == len(grades) == 8 and one.better.value == one.area.value - 1.0 for one in rankings)
    with pytest.raises(SosiaError, match=r"grades\.csv"):
        read_candidates(tmp_path)


def test_the_command_prints_and_writes_every_part(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    print_figures(120, None, tmp_path / "card.md")
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert text.strip() in capsys.readouterr().out.strip()
    for part in ("### ground-ugri", "### space", "arc S/N above 80", "merger", "were its arcs one of 6,"):
        assert part in text
    print_figures(40, skies=["space"])
    told = capsys.readouterr().out
    assert "### space" in told
    assert "### ground" not in told
    save_picture(load("ground-ugri"), tmp_path / "sheet.png", 120)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 1000
