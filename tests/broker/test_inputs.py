from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import fastavro
import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from PIL import Image
from pyarrow import parquet

from broker.cutout import read_cutout
from broker.files import FilePacket, read_files
from broker.surveys.rubin import Rubin
from broker.surveys.stamps import Stamps
from broker.surveys.ztf import Ztf
from consumers.simulated_night import save_night
from models.simulate.rubin import save_schema
from schemas.errors import ConfigurationError, StampError, UnreadableError

SURVEYS = (Ztf(), Rubin(), Stamps())
NOISE = np.random.default_rng(4).standard_normal((31, 33)).astype(np.float32)


def read(*files: Path) -> list[FilePacket]:
    return list(read_files(files, SURVEYS))


def header(**cards: object) -> fits.Header:
    keys = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 17.0, "CRPIX2": 16.0,
        "CDELT1": -0.5 / 3600, "CDELT2": 0.5 / 3600,
    }  # fmt: skip
    return fits.Header({**keys, **{name.replace("_", "-"): value for name, value in cards.items()}})


def test_a_fits_triplet_is_an_alert_of_own_stamps(tmp_path: Path) -> None:
    file = tmp_path / "one.fits.gz"
    told = header(OBJECTID="SN 1", FILTER="r", EXPTIME=60.0, SEEING=1.1, MJD_OBS=60000.0, TIMESYS="UTC")
    images = [fits.ImageHDU(NOISE + number, told, name=name) for number, name in enumerate(("DIFFERENCE", "SCIENCE"))]
    fits.HDUList([fits.PrimaryHDU(), *images, fits.ImageHDU(NOISE + 2, name="TEMPLATE")]).writeto(file)
    (one,) = read(file)
    packet = one.packet
    assert packet is not None
    assert (packet.survey.name, packet.object_id, packet.epoch_id, packet.band) == ("stamps", "SN 1", "one", "r")
    assert packet.mjd == pytest.approx(60000.0 + (37.0 + 30.0) / 86400, abs=1e-9)  # TAI - UTC is 37 s
    assert (packet.ra, packet.dec) == (pytest.approx(150.0), pytest.approx(2.0))
    assert (packet.pixel_scale, packet.seeing, packet.exposure_time) == (pytest.approx(0.5), 1.1, 60.0)
    for number, stamp in enumerate((packet.difference, packet.science, packet.reference)):
        np.testing.assert_allclose(read_cutout(stamp or b"").image, NOISE + number, rtol=1e-6)
    geometry = packet.survey.geometry(packet, read_cutout(packet.science or b""))
    assert geometry.north_known
    assert (geometry.x, geometry.y) == (pytest.approx(16.0), pytest.approx(15.0))


def test_one_image_is_an_alert_without_a_reference(tmp_path: Path) -> None:
    fits.PrimaryHDU(NOISE).writeto(tmp_path / "plain.fits")
    colours = np.zeros((20, 30, 3), np.uint8)
    colours[0, :, 0], colours[0, :, 2] = 200, 50  # the top row is red with a little blue
    Image.fromarray(colours).save(tmp_path / "galàxia.png")
    Image.fromarray(colours[..., 0]).save(tmp_path / "grey.jpg", quality=95)
    plain, picture, grey = (
        one.packet for one in read(*(tmp_path / name for name in ("plain.fits", "galàxia.png", "grey.jpg")))
    )
    assert plain is not None
    assert picture is not None
    assert grey is not None
    assert plain.science == (tmp_path / "plain.fits").read_bytes()
    assert (plain.object_id, plain.mjd, plain.ra, plain.pixel_scale, plain.reference) == (
        "plain",
        None,
        None,
        None,
        None,
    )
    assert picture.object_id == "gal\\xe0xia"
    blue, green, red = read_cutout(picture.science or b"").image
    assert [blue[-1, 0], green[-1, 0], red[-1, 0]] == [50, 0, 200]  # rows of FITS go upwards
    assert not np.any([blue[0], red[0]])
    assert read_cutout(grey.science or b"").image.shape == (20, 30)


def test_an_image_that_cannot_be_read_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    good = tmp_path / "good.fits"
    fits.PrimaryHDU(NOISE).writeto(good)
    bad = {
        "cut.fits.gz": gzip.compress(good.read_bytes())[:-20],
        "bomb.fits.gz": gzip.compress(b"SIMPLE  =" + bytes(40_000_000)),
        "text.fits": b"SIMPLE  = no",
        "cut.png": b"\x89PNG\r\n\x1a\n" + bytes(9),
        "empty": b"",
    }
    for name, payload in bad.items():
        (tmp_path / name).write_bytes(payload)
    Image.fromarray(np.zeros((4, 30), np.uint8)).save(tmp_path / "small.png")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((600, 600), np.float32), name="SCIENCE")]).writeto(
        tmp_path / "large.fits"
    )
    found = read(*(tmp_path / name for name in (*bad, "small.png", "large.fits")), good, tmp_path / "missing.png")
    assert [one.packet is None for one in found] == [True] * 7 + [False, True]
    assert all(isinstance(one.error, StampError) for one in found[:4])
    assert "size" in str(found[5].error)
    assert "600" in str(found[6].error)
    assert "No such file" in str(found[8].error)
    # Tracebacks hold the callers' frames, and with them what was read of a file.
    assert all(one.error is None or one.error.__traceback__ is one.error.__context__ is None for one in found)


def as_table(folder: Path) -> tuple[pa.Table, list[FilePacket]]:
    """Packets in Avro as a table, and as they are read of Avro."""
    files = sorted(folder.glob("*.avro"))
    rows = []
    for file in files:
        payload = file.read_bytes()
        if payload.startswith(b"Obj"):
            rows += list(fastavro.reader(io.BytesIO(payload)))
        else:
            schema = fastavro.schema.load_schema(save_schema(folder / "schema"))
            rows.append(fastavro.schemaless_reader(io.BytesIO(payload[5:]), schema))
    return pa.Table.from_pylist(rows), read(*files)


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_rows_with_the_fields_of_a_survey_are_its_alerts(survey: str, tmp_path: Path) -> None:
    save_night(tmp_path / "night", survey, 6, 3)
    table, expected = as_table(tmp_path / "night")
    table = table.append_column("when", pa.array([0] * 6, pa.timestamp("us"))).append_column("b:odd", pa.array([1] * 6))
    parquet.write_table(table, tmp_path / "night.parquet")
    found = read(tmp_path / "night.parquet")
    assert len(found) == 6
    for one, other in zip(found, expected, strict=True):
        assert one.packet is not None
        assert other.packet is not None
        for name in ("object_id", "epoch_id", "band", "mjd", "ra", "dec", "science", "reference", "difference", "snr"):
            assert getattr(one.packet, name) == getattr(other.packet, name)
        assert one.packet.survey.name == survey


def own(number: int, **fields: object) -> dict[str, object]:
    buffer = io.BytesIO()
    fits.PrimaryHDU(NOISE).writeto(buffer)
    return {"objectId": f"o{number}", "epochId": number, "science": buffer.getvalue(), "pixelScale": 0.4, **fields}


def test_a_row_that_is_no_alert_spoils_no_other(tmp_path: Path) -> None:
    rows = [own(1, band="r", mjd=60000.5), own(2, objectId=None), own(3)]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "own.parquet")
    first, second, third = read(tmp_path / "own.parquet")
    assert first.packet is not None
    assert third.packet is not None
    assert (first.packet.object_id, first.packet.epoch_id, first.packet.band, first.packet.mjd) == (
        "o1",
        "1",
        "r",
        60000.5,
    )
    assert isinstance(second.error, UnreadableError)
    assert "objectId" in str(second.error)
    assert third.packet.mjd is None


def test_a_table_that_holds_no_alerts_says_so(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"flux": [1.0]}), tmp_path / "other.parquet")
    parquet.write_table(pa.Table.from_pylist([own(1)]), tmp_path / "cut.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "cut.parquet").read_bytes()[:-9])
    other, cut = read(tmp_path / "other.parquet", tmp_path / "cut.parquet")
    assert "science" in str(other.error)
    assert cut.error is not None
    assert cut.packet is None


def test_without_pyarrow_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet.write_table(pa.Table.from_pylist([own(1)]), tmp_path / "own.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match="pip install pyarrow"):
        read(tmp_path / "own.parquet")
