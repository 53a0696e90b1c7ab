"""ZTF's packets: what the reader takes from them is what plain fastavro finds."""

from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time

from broker.cutout import read_cutout
from broker.reader import Reader
from broker.surveys.ztf import Ztf
from schemas.errors import DeadReason, UnreadableError
from tests.broker.packets import decode_container, ztf_files


def test_every_real_packet_is_read(shared_data: Path) -> None:
    reader = Reader([Ztf()])
    files = ztf_files(shared_data)
    assert len(files) == 220
    for file in files:
        payload = file.read_bytes()
        packet, record = reader.read(payload), decode_container(payload)
        candidate = record["candidate"]
        assert (packet.object_id, packet.epoch_id) == (record["objectId"], str(record["candid"]))
        assert packet.band == {1: "g", 2: "r", 3: "i"}[candidate["fid"]]
        assert (packet.ra, packet.dec) == (candidate["ra"], candidate["dec"])
        start = Time(candidate["jd"], format="jd", scale="utc")
        assert packet.mjd == pytest.approx(start.tai.mjd + 15 / 86400, abs=1e-8)
        assert packet.science == record["cutoutScience"]["stampData"]
        assert packet.reference == record["cutoutTemplate"]["stampData"]
        assert packet.difference == record["cutoutDifference"]["stampData"]


def test_the_difference_has_the_right_sign(shared_data: Path) -> None:
    """Signed as declared, the difference goes with science minus reference; as sent, negative ones go against it."""
    reader = Reader([Ztf()])
    as_sent, signed = [], []
    for file in ztf_files(shared_data):
        packet = reader.read(file.read_bytes())
        if packet.difference_sign > 0:
            continue
        images = [read_cutout(stamp).image for stamp in (packet.science, packet.reference, packet.difference) if stamp]
        if len({image.shape for image in images}) != 1 or len(images) != 3:
            continue
        science, reference, difference = images
        good = np.isfinite(science) & np.isfinite(reference) & np.isfinite(difference)
        # Around the detection, where the change is.
        rows, columns = np.abs(np.indices(good.shape) - np.array(good.shape).reshape(2, 1, 1) // 2) <= 5
        good &= rows & columns
        change = (science - np.median(science[good])) - (reference - np.median(reference[good]))
        correlation = np.corrcoef(change[good], difference[good])[0, 1]
        as_sent.append(correlation)
        signed.append(packet.difference_sign * correlation)
    assert len(signed) >= 80
    assert np.mean(np.array(signed) > 0) > 0.95
    assert np.mean(np.array(as_sent) < 0) > 0.95


def test_an_id_that_the_packet_contradicts_is_refused(shared_data: Path) -> None:
    payload = ztf_files(shared_data)[0].read_bytes()
    record = decode_container(payload)
    number = record["candid"]
    encoded = _zigzag(number)
    assert payload.count(encoded) >= 2
    damaged = payload.replace(encoded, _zigzag(number ^ 1), 1)
    with pytest.raises(UnreadableError) as refused:
        Reader([Ztf()]).read(damaged)
    assert refused.value.reason == DeadReason.IDENTIFIERS


def _zigzag(value: int) -> bytes:
    rest, out = value << 1, bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])
