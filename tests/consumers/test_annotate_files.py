from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image
from pyarrow import parquet

from consumers.api import compare, read_alerts
from consumers.cli import main
from consumers.simulated_night import save_night
from schemas.framing import container

MARKUP = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a night, images and a broken file, annotated once into every kind of output."""
    folder = tmp_path_factory.mktemp("annotate")
    save_night(folder / "night", "ztf", 12, 5)
    first = next(read_alerts([folder / "night"]))
    header = fits.Header({"OBJECTID": MARKUP})
    fits.HDUList(
        [
            fits.PrimaryHDU(header=header),
            fits.ImageHDU(first.stamps.science, name="SCIENCE"),
            fits.ImageHDU(first.stamps.reference, name="REFERENCE"),
        ]
    ).writeto(folder / "own.fits")
    Image.fromarray(np.random.default_rng(1).integers(0, 60, (80, 80), np.uint8)).save(folder / "picture.png")
    (folder / "broken.avro").write_bytes(b"Obj\x01 and no more")
    outs = [f"--out={folder / name}" for name in ("out.jsonl", "out.csv", "out.parquet", "out.html")]
    paths = [str(folder / name) for name in ("night", "own.fits", "picture.png", "broken.avro")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOSIA_CLASSIFIERS__NETWORKS", '["streak"]')
        assert main(["annotate", *outs, *paths]) == 1
    return folder


def test_names_in_a_files_schema_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = {"type": "record", "name": "alert", "fields": [{"name": "candid", "type": "\x1b[2J"}]}
    (tmp_path / "hostile.avro").write_bytes(container(json.dumps(schema, ensure_ascii=False), b"\x02"))
    assert main(["annotate", str(tmp_path)]) == 1
    assert "UnknownType: \\x1b[2J" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["annotate"], ["classify", "streak"], ["replay", "--topic", "nights"]])
def test_a_folder_without_what_is_asked_for_is_a_usage_error(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SystemExit, match="2"):
        main([*command, str(tmp_path)])
    assert f"below {tmp_path}" in " ".join(capsys.readouterr().err.split())


def test_every_output_has_the_same_rows(outputs: Path) -> None:
    lines = [json.loads(line) for line in (outputs / "out.jsonl").read_text().splitlines()]
    cells = list(csv.DictReader(io.StringIO((outputs / "out.csv").read_text())))
    rows = parquet.read_table(outputs / "out.parquet").to_pylist()
    assert len(lines) == len(cells) == len(rows) == 15
    for line, cell, row in zip(lines, cells, rows, strict=True):
        assert line["file"] == cell["file"] == row["file"]
        assert row["error"] == line.get("error")
        if "error" in line:
            continue
        score, problematic = line["epoch"]["score"], line["epoch"]["problematic"]
        assert row["epoch.score"] == score
        assert cell["epoch.score"] == ("" if score is None else repr(score))
        assert row["epoch.problematic"] is problematic
        assert cell["epoch.problematic"] == ("" if problematic is None else str(problematic).lower())
        assert row["classifications.streak.score"] == line["classifications"][0]["score"]
        assert row["annotateTime"].isoformat() == line["annotateTime"]
        assert row["streak.x1"] == (line["streak"] and line["streak"]["x1"])


def test_what_cannot_be_read_is_a_row_with_its_reason(outputs: Path) -> None:
    first = json.loads((outputs / "out.jsonl").read_text().splitlines()[0])
    assert set(first) == {"file", "error"}
    assert "broken.avro" in first["file"]
    rows = parquet.read_table(outputs / "out.parquet").to_pylist()
    assert {name for name, value in rows[0].items() if value is not None} == {"file", "error"}


def test_images_are_judged_as_own_stamps(outputs: Path) -> None:
    lines = [json.loads(line) for line in (outputs / "out.jsonl").read_text().splitlines()]
    by_name = {Path(line["file"]).name: line for line in lines}
    own, picture = by_name["own.fits"], by_name["picture.png"]
    assert (own["survey"], own["objectId"], own["epoch"]["state"]) == ("stamps", MARKUP, "judged")
    assert (picture["objectId"], picture["epoch"]["state"]) == ("picture", "no_reference")


def test_a_report_has_all_triplets_and_no_packet_s_markup(outputs: Path) -> None:
    page = (outputs / "out.html").read_text()
    assert page.count("data:image/png") == 12 * 3 + 2 + 1
    assert MARKUP not in page
    assert "14 results" in page


def test_one_pair_of_images_is_judged_as_in_the_stream(outputs: Path) -> None:
    lines = [json.loads(line) for line in (outputs / "out.jsonl").read_text().splitlines()]
    judged = {line["epochId"]: line["epoch"] for line in lines if line.get("survey") == "ztf"}
    for alert in read_alerts([outputs / "night"]):
        epoch = judged[alert.epoch_id]
        if epoch["state"] == "judged":
            quality = compare(alert.stamps.science, alert.stamps.reference, alert.pixel_scale or 0.0, survey="ztf")
            assert quality.reference_distance == pytest.approx(epoch["referenceDistance"], abs=1e-3)
            assert quality.changed_snr == pytest.approx(epoch["changedSnr"], rel=1e-5)
            assert quality.problematic or not epoch["problematic"]
