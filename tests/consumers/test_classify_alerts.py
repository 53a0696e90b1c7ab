from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from broker.files import find_files, read_files
from broker.surveys.rubin import Rubin
from broker.surveys.ztf import Ztf
from consumers.cli import main
from consumers.simulated_night import save_night


@pytest.mark.parametrize(
    ("survey", "network", "alerts"),
    [("ztf", "streak", 12), ("lsst", "lens", 12), ("ztf", "merger", 48)],  # of ZTF's most are stars, which get no score
)
def test_an_alert_has_the_score_that_it_has_on_the_stream(
    survey: str,
    network: str,
    alerts: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save_night(tmp_path / "night", survey, alerts, 8)
    monkeypatch.setenv("SOSIA_CLASSIFIERS__NETWORKS", json.dumps([network]))
    monkeypatch.setenv("SOSIA_CLASSIFIERS__ROUTER", "false")
    assert main(["annotate", "--json", str(tmp_path / "night")]) == 0
    annotated = {line["epochId"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    out = tmp_path / "classified.csv"
    assert main(["classify", network, str(tmp_path / "night"), "--out", str(out)]) == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert {row["epochId"] for row in rows} == set(annotated)
    scored = 0
    for row in rows:
        (stream,) = annotated[row["epochId"]]["classifications"]
        assert row["inputImage"] == stream["inputImage"]
        if stream["score"] is None:
            assert (row["score"], row["reason"]) == ("", stream["reason"])
        else:
            assert float(row["score"]) == pytest.approx(stream["score"], abs=1e-4)
            scored += 1
    assert scored >= 3


def test_alerts_in_a_table_are_classified_beside_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_night(tmp_path / "night", "ztf", 3, 8)
    packets = [one.packet for one in read_files(find_files([tmp_path / "night"]), [Ztf(), Rubin()]) if one.packet]
    rows = [
        {"objectId": one.object_id, "epochId": one.epoch_id, "science": one.science, "reference": one.reference}
        for one in packets
    ]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "own.parquet")
    (tmp_path / "no.png").write_bytes(b"no image")
    paths = [str(tmp_path / name) for name in ("own.parquet", "no.png", "missing.avro")]
    assert main(["classify", "streak", "--json", *paths]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("objectId") for line in lines] == [one.object_id for one in packets] + [None, None]
    assert ["error" in line for line in lines] == [False] * 3 + [True] * 2


def test_a_report_rings_the_ends_of_streaks(tmp_path: Path) -> None:
    save_night(tmp_path / "night", "ztf", 25, 4)
    Image.fromarray(np.random.default_rng(1).integers(0, 60, (40, 40), np.uint8)).save(tmp_path / "night" / "own.png")
    out = tmp_path / "streaks.html"
    assert main(["classify", "streak", str(tmp_path / "night"), "--out", str(out)]) == 0
    page = out.read_text()
    assert page.count("data:image/png") == page.count('<li class="card')
    assert '<li class="card marked' in page
    assert "own.png" in page
