from __future__ import annotations

import doctest
import importlib
import re
import shlex
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consumers import api
from consumers.api import FileAlert
from consumers.cli import main
from consumers.simulated_night import save_night
from schemas.errors import ConfigurationError, NoveltyIndexError, SosiaError, StampError

MODULES = ("consumers.api", *(f"consumers.api.{name}" for name in ("alerts", "classes", "epochs", "similar")))


@pytest.fixture(autouse=True)
def temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nights that examples write go into the test's own folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture(scope="module")
def folder_of_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the night that the examples read, made as they say."""
    folder = tmp_path_factory.mktemp("examples")
    (command,) = re.findall(r"``sosia (replay .*)``", api.__doc__ or "")
    assert main([*shlex.split(command)[:-1], str(folder / "night")]) == 0
    return folder


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name: str, folder_of_examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder_of_examples)
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0


def test_every_function_has_an_example_its_errors_and_its_parameters() -> None:
    for name in api.__all__:
        one = getattr(api, name)
        if isinstance(one, type):
            assert "Attributes" in (one.__doc__ or "")
            continue
        for section in ("Parameters", "Yields" if name == "read_alerts" else "Returns", "Raises", "Examples"):
            assert f"    {section}\n    ---" in one.__doc__, (name, section)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    save_night(folder, "ztf", 120, 6)
    return folder


@pytest.fixture(scope="module")
def alerts(night: Path) -> list[FileAlert]:
    return list(api.read_alerts([night]))


def test_stamps_that_cannot_be_used_touch_no_others(alerts: list[FileAlert]) -> None:
    good = alerts[0].stamps.science
    assert good is not None
    holes = np.where(np.arange(63) < 40, np.nan, good)
    places = api.embed([good, holes, np.zeros((63, 63))], 1.01, "ztf")
    assert np.isfinite(places[0]).all()
    assert np.isnan(places[1:]).all()
    assert api.embed([]).shape == (0, 1280)


@pytest.mark.parametrize("shape", [(63,), (4, 63), (600, 63), (4, 63, 63), (1, 1, 63, 63)])
def test_what_is_no_stamp_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(StampError, match="shape"):
        api.embed([np.zeros(shape)])


def test_a_pair_without_enough_pixels_says_which_image_lacks_them(alerts: list[FileAlert]) -> None:
    good = alerts[0].stamps.reference
    assert good is not None
    with pytest.raises(StampError, match="too many missing pixels: the science"):
        api.compare(good[:20, :20], good, 1.01, survey="ztf")
    with pytest.raises(StampError, match="blank: the reference"):
        api.compare(good, np.ones((63, 63)), 1.01, survey="ztf")


def test_a_dark_streak_in_a_stamp_is_found() -> None:
    from models.simulate.streaks.trail import Segment, trail

    sky = np.random.default_rng(2).standard_normal((63, 63))
    dark = sky - 400 * trail((63, 63), Segment(20, 22, 44, 40), 2.2)
    (found,) = api.find_streaks(dark)
    assert found.polarity == -1
    assert found.segment.length == pytest.approx(30, abs=3)
    with pytest.raises(StampError, match="24"):
        api.find_streaks(np.zeros((20, 20)))
    with pytest.raises(StampError, match="shape"):
        api.find_streaks(np.zeros((3, 63, 63)))


def test_classes_are_refused_where_they_cannot_be_seen() -> None:
    with pytest.raises(ConfigurationError, match="too coarse"):
        api.classify_merger([np.zeros((60, 60))], pixel_scale=3.0)
    with pytest.raises(ConfigurationError, match="bands"):
        api.classify_lens([np.zeros((2, 60, 60))], pixel_scale=0.2)
    with pytest.raises(ConfigurationError, match="different bands"):
        api.classify_lens([np.zeros((60, 60)), np.zeros((4, 60, 60))], pixel_scale=0.2)
    assert api.classify_lens([], pixel_scale=0.2) == []
    assert api.classify_merger([]).shape == (0,)


def test_look_alikes_of_an_array_a_file_and_an_id_are_the_same(
    night: Path, alerts: list[FileAlert], tmp_path: Path
) -> None:
    main(["index", "build", str(night), "--output", str(tmp_path / "index")])
    counts = {one.object_id: sum(one.object_id == other.object_id for other in alerts) for one in alerts}
    asked = next(one for one in alerts if one.band == "r" and counts[one.object_id] == 1)
    assert asked.stamps.science is not None
    of_array = api.look_alikes(asked.stamps.science, tmp_path / "index", 5, pixel_scale=1.01, band="r")
    of_file = api.look_alikes(asked.file, tmp_path / "index", 4)
    assert of_array[0].object_id == asked.object_id  # an array is nobody's: the entry itself looks like it most
    assert of_array[0].distance == pytest.approx(0, abs=1e-2)
    assert [one.epoch_id for one in of_array[1:]] == [one.epoch_id for one in of_file]
    of_id = api.look_alikes(of_file[0].object_id, tmp_path / "index", 4)
    assert of_file[0].object_id not in {one.object_id for one in of_id}
    with pytest.raises(NoveltyIndexError, match="nobody"):
        api.look_alikes("nobody", tmp_path / "index")
    with pytest.raises(SosiaError, match="blank"):
        api.look_alikes(np.zeros((63, 63)), tmp_path / "index", band="r")


def test_alerts_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.avro").write_bytes(b"Obj\x01")
    with pytest.raises(SosiaError):
        list(api.read_alerts([tmp_path]))
    Image.fromarray(np.eye(40, dtype=np.uint8)).save(tmp_path / "b.png")
    (one,) = api.read_alerts([tmp_path / "b.png"])
    assert (one.survey, one.stamps.reference, one.pixel_scale) == ("stamps", None, None)
