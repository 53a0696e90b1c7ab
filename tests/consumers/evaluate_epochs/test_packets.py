from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from broker.geometry import Geometry, SkyFrame
from consumers.evaluate_epochs.injected import _inside, _sources, inject_all
from consumers.evaluate_epochs.measured import Measured
from consumers.evaluate_epochs.packets import RealEpoch, read_epochs
from consumers.evaluate_epochs.real_figures import INJECTED, PACKETS, real_figures, reliable
from models.simulate.worlds.faults import KINDS
from schemas.errors import SosiaError
from tests.consumers.evaluate_epochs.epochs import examiner, image


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[RealEpoch]:
    return [*read_epochs(shared_data / "ztf", examiner()), *read_epochs(shared_data / "lsst", examiner())]


def test_the_surveys_marks_are_read_as_their_tables_have_them(real: list[RealEpoch]) -> None:
    groups = Counter(
        (one.packet.survey.name, "good" if one.quality > 0.9 else "bogus" if one.quality < 0.5 else "unsure")
        for one in real
        if one.quality is not None
    )
    assert groups["ztf", "good"] == 167
    assert groups["ztf", "bogus"] == 16
    rubin = [one for one in real if one.packet.survey.name == "lsst"]
    assert sum(one.hostless for one in rubin) == 27  # as ../shared/surveys.md counts them
    assert sum(reliable(one) and one.hostless for one in rubin) == 20


def test_an_object_s_past_is_what_came_before_in_its_band(real: list[RealEpoch]) -> None:
    for one in real:
        before = [
            other
            for other in real
            if other.series == one.series
            and other.examined.embedded.science_embedding is not None
            and other.packet.mjd < one.packet.mjd
        ]
        assert len(one.past) == (len(before) if one.packet.stored else 0)


def test_figures_of_real_packets(real: list[RealEpoch]) -> None:
    good = [one for one in real if reliable(one) and one.score is not None][::20]
    injected = inject_all(good, examiner(), draws=1, seed=1)
    assert [one.kind for one in injected] == list(KINDS) * len(good)
    figures: dict[tuple[str, str, str], Measured] = {
        (one.table, one.row, one.column): one for one in real_figures(real, injected)
    }
    assert figures[PACKETS, "ZTF, 6 groups of 4 epochs or more", "cavuoti2024 flags"].figure.n == 37
    assert figures[PACKETS, "of these, with an empty reference", "sosia flags"].figure.n == 20
    assert figures[INJECTED["ztf"], "all kinds", "sosia finds"].figure.value > 0.0
    assert figures[INJECTED["ztf"], "edge", "sosia finds"].figure.n <= len(good)


def test_what_is_injected_depends_on_the_stamp_alone(real: list[RealEpoch]) -> None:
    good = [one for one in real if reliable(one) and one.score is not None][:2]
    both, second = inject_all(good, examiner(), 1, 5), inject_all(good[1:], examiner(), 1, 5)
    assert [one.snr for one in both[len(KINDS) :]] == [one.snr for one in second]


def test_without_packets_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SosiaError, match=re.escape("no packet of ZTF or Rubin")):
        read_epochs(tmp_path, examiner())


def test_the_sky_frame_covers_a_turned_square_of_a_stamp() -> None:
    c = float(np.cos(np.pi / 4)) / 0.2
    turned = Geometry(40.0, 40.0, (c, -c, c, c), north_known=True)
    inside = _inside((81, 81), turned, SkyFrame(30, 0.2))
    assert inside.sum() == pytest.approx(30 * 30, rel=0.03)
    assert inside[40, 40 + 20]
    assert not inside[40 + 20, 40 + 20]


def test_without_sources_nothing_is_left_that_a_blur_could_change() -> None:
    sky = np.random.default_rng(0).normal(50.0, 1.0, (63, 63)).astype(np.float32)
    assert np.ptp(_sources(sky, 1.0, 2.5)) == 0.0
    star = _sources(image(3), 1.0, 2.5)
    assert star[31, 31] == image(3)[31, 31]
    assert np.ptp(star[:15]) == 0.0
