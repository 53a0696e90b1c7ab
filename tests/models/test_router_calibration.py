from __future__ import annotations

from pathlib import Path

import pytest

from models import router
from models.router_calibration import Calibration, Threshold, networks, read
from models.router_network import CLASSES
from schemas.errors import BackboneError


def a_calibration() -> Calibration:
    return Calibration("0" * 64, {name: Threshold(0.25, 60_000, of) for name, of in networks().items()})


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    a_calibration().save(tmp_path / "router.json")
    found = read("0" * 64, tmp_path / "router.json")
    assert found == a_calibration()
    assert found.current() == dict.fromkeys(CLASSES, 0.25)
    assert found.thresholds["lens"].missed_at_most == pytest.approx(3.0 / 60_000, rel=0.01)


def test_a_class_whose_network_changed_has_no_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    calibration = a_calibration()
    monkeypatch.setattr("models.merger_finder.THRESHOLD", 0.5)
    assert calibration.valid().keys() == {"streak", "lens"}
    assert calibration.outdated() == ("merger",)
    with pytest.raises(BackboneError, match=r"other networks than ship now \(merger\): .*--calibrate"):
        calibration.current()


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"weights": "a", "thresholds": {"streak": 1}}'])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "router.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BackboneError, match=r"router\.json .*--calibrate"):
        read("a", file)


def test_another_weights_calibration_is_refused(tmp_path: Path) -> None:
    a_calibration().save(tmp_path / "router.json")
    with pytest.raises(BackboneError, match="is of weights 000"):
        read("1" * 64, tmp_path / "router.json")


def test_what_ships_is_calibrated_for_the_class_networks_that_ship() -> None:
    calibration = read(router.WEIGHTS.sha256)
    assert calibration.current().keys() == set(CLASSES)
    assert all(one.accepted >= 60_000 for one in calibration.thresholds.values())
    router.load()
