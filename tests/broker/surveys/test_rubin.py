"""Rubin's packets: what the reader takes from them is what plain fastavro finds."""

import io
from pathlib import Path

import fastavro
import numpy as np
import pytest
from astropy.wcs import WCS

from broker.cutout import read_cutout
from broker.packet import Packet
from broker.reader import Reader
from broker.surveys.rubin import Rubin
from schemas.errors import DeadReason, UnreadableError
from schemas.framing import Framing, wire
from schemas.source import FolderSource
from tests.broker.packets import decode_rubin, rubin_files, rubin_schema


@pytest.fixture
def reader(shared_data: Path) -> Reader:
    return Reader([Rubin()], FolderSource(shared_data / "lsst" / "schema"))


def test_every_real_packet_is_read(shared_data: Path, reader: Reader) -> None:
    files = rubin_files(shared_data)
    assert len(files) == 54
    moving = 0
    for file in files:
        payload = file.read_bytes()
        packet, record = reader.read(payload), decode_rubin(shared_data, payload)
        source = record["diaSource"]
        assert packet.epoch_id == str(record["diaSourceId"])
        if source["diaObjectId"]:
            assert packet.object_id == str(source["diaObjectId"])
        else:
            moving += 1
            assert packet.object_id == f"ss:{source['ssObjectId']}"
        assert packet.stored == bool(source["diaObjectId"])
        assert (packet.band, packet.mjd, packet.ra, packet.dec) == (
            source["band"], source["midpointMjdTai"], source["ra"], source["dec"],
        )  # fmt: skip
        assert packet.science == record["cutoutScience"]
        assert packet.reference == record["cutoutTemplate"]
        assert packet.difference == record["cutoutDifference"]
        assert packet.difference_sign == 1
        assert packet.polarity == (-1 if source["isNegative"] else 1)
        assert packet.seeing is None or 0.3 < packet.seeing < 3.0
    assert moving == 18


def test_the_geometry_agrees_with_astropy(shared_data: Path, reader: Reader) -> None:
    """North is up and east left in the frame, wherever they are in the stamp, to a hundredth of a pixel."""
    for file in rubin_files(shared_data):
        packet = reader.read(file.read_bytes())
        assert packet.science is not None
        cutout = read_cutout(packet.science)
        geometry = packet.survey.geometry(packet, cutout)
        assert geometry.north_known
        header = {**cutout.header, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
        wcs = WCS(header)
        for east, north in ((0.0, 0.0), (2.0, 0.0), (0.0, 2.0), (-1.0, 1.5)):
            ra = packet.mean_ra + east / 3600 / np.cos(np.radians(packet.mean_dec))
            x, y = wcs.world_to_pixel_values(ra, packet.mean_dec + north / 3600)
            dx_du, dx_dv, dy_du, dy_dv = geometry.matrix
            assert geometry.x - dx_du * east + dx_dv * north == pytest.approx(x, abs=0.01)
            assert geometry.y - dy_du * east + dy_dv * north == pytest.approx(y, abs=0.01)


@pytest.mark.parametrize("version", ["7_4", "9_0", "11_0"])
def test_other_versions_are_read(shared_data: Path, reader: Reader, version: str) -> None:
    """A real packet, written again with another version's schema: fields that it does not share are null."""
    schema = rubin_schema(shared_data, version)
    record = decode_rubin(shared_data, rubin_files(shared_data)[20].read_bytes())
    major, minor = map(int, version.split("_"))
    payload = wire(100 * major + minor, _written(schema, {**record, "alertId": record["diaSourceId"]}))
    packet = reader.read(payload)
    assert packet.framed.framing is Framing.WIRE
    assert packet.epoch_id == str(record["diaSourceId"])
    assert packet.reference == record["cutoutTemplate"]


def test_the_order_of_fields_does_not_matter(shared_data: Path) -> None:
    schema = rubin_schema(shared_data, "10_0")
    record = decode_rubin(shared_data, rubin_files(shared_data)[20].read_bytes())
    schema["fields"] = schema["fields"][-3:] + schema["fields"][:-3]
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(schema), [record])
    packet: Packet = Reader([Rubin()]).read(buffer.getvalue())
    assert (packet.epoch_id, packet.science) == (str(record["diaSourceId"]), record["cutoutScience"])


@pytest.mark.parametrize("cut", [6, 50, 400, 20_000, -1])
def test_a_truncated_packet_is_refused(shared_data: Path, reader: Reader, cut: int) -> None:
    payload = rubin_files(shared_data)[20].read_bytes()
    with pytest.raises(UnreadableError) as refused:
        reader.read(payload[:cut])
    assert refused.value.reason == DeadReason.LENGTHS


def test_bytes_after_the_last_field_are_refused(shared_data: Path, reader: Reader) -> None:
    with pytest.raises(UnreadableError) as refused:
        reader.read(rubin_files(shared_data)[20].read_bytes() + b"\x00")
    assert refused.value.reason == DeadReason.TRAILING_BYTES


def _written(schema: dict, record: dict) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), record)
    return buffer.getvalue()
