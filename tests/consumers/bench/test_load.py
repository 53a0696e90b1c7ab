"""The load: alerts that are all different, of templates that stay whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from broker.cutout import read_cutout
from broker.history.sqlite import SqliteHistory
from broker.reader import Reader
from consumers.assembly import open_surveys
from consumers.bench.load import EARLIER, EarlierEpochs, Load
from models.simulate import rubin
from models.simulate.stream import simulate
from schemas.source import FolderSource, SchemaSource


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SchemaSource:
    return FolderSource(rubin.save_schema(tmp_path_factory.mktemp("load") / "schema").parent)


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_alerts_differ_in_ids_and_pixels_and_in_nothing_else(survey: str, source: SchemaSource) -> None:
    reader = Reader(open_surveys([survey]), source)
    templates = [alert.packet for alert in simulate(survey, 2)]
    alerts = [reader.read(alert) for alert in Load(templates, source).alerts(6)]
    for name in ("object_id", "epoch_id", "science", "reference"):
        assert len({getattr(alert, name) for alert in alerts}) == 6
    for number, alert in enumerate(alerts):
        template = reader.read(templates[number % 2])
        assert (alert.mjd, alert.ra, alert.band) == (template.mjd, template.ra, template.band)
        assert alert.science is not None
        assert template.science is not None
        ours, theirs = read_cutout(alert.science), read_cutout(template.science)
        assert ours.header == theirs.header
        np.testing.assert_array_equal(np.isnan(ours.image), np.isnan(theirs.image))
        assert 0 < np.nanstd(ours.image - theirs.image) < np.nanstd(theirs.image)


def test_a_number_gives_the_same_alert_whenever_it_is_made(source: SchemaSource) -> None:
    load = Load([alert.packet for alert in simulate("ztf", 2)], source)
    assert list(load.alerts(2, first=3)) == list(load.alerts(5))[3:]


def test_every_object_has_its_earlier_epochs(tmp_path: Path, source: SchemaSource) -> None:
    reader = Reader(open_surveys(["ztf"]))
    packets = [reader.read(alert) for alert in Load([one.packet for one in simulate("ztf", 2)], source).alerts(3)]
    history = SqliteHistory(tmp_path / "history.sqlite")
    earlier = EarlierEpochs(history, lambda _: "digest", features=8)
    for packet in packets:
        earlier.add(packet)
    earlier.flush()
    assert earlier.rows == 3 * EARLIER
    (row,) = history._database.execute("SELECT count(*), count(DISTINCT series) FROM epoch").fetchall()
    assert row == (3 * EARLIER, 3)
    history.close()
