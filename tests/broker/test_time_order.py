from __future__ import annotations

import io
from typing import TYPE_CHECKING

import fastavro
import numpy as np
import pytest

from broker.files import find_files, read_files
from broker.surveys.ztf import Ztf
from broker.time_order import find_places, read_places
from schemas.errors import SosiaError
from tests.broker.packets import ztf_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path) -> Path:
    """Six containers of real alerts, each with several of different nights, and a damaged one."""
    schema, records = None, []
    for path in ztf_files(shared_data):
        reader = fastavro.reader(io.BytesIO(path.read_bytes()))
        schema = schema or reader.writer_schema
        if reader.writer_schema == schema:
            records += list(reader)
    assert len(records) > 30
    order = np.random.default_rng(0).permutation(len(records))
    for number in range(6):
        with (tmp_path / f"{number}.avro").open("wb") as file:
            fastavro.writer(file, schema, [records[i] for i in order[number::6]])
    (tmp_path / "bad.avro").write_bytes(b"Obj\x01 and no more")
    return tmp_path


def test_alerts_of_many_files_come_in_the_order_of_their_times(folder: Path) -> None:
    files, surveys = find_files([folder]), [Ztf()]
    places, unreadable = find_places(files, surveys)
    assert [one.file.name for one in unreadable] == ["bad.avro"]
    found = list(read_places(places, surveys))
    times = [one.packet.mjd for one in found if one.packet is not None]
    assert times == sorted(times)
    assert {(one.file, one.packet.epoch_id) for one in found if one.packet is not None} == {
        (one.file, one.packet.epoch_id) for one in read_files(files, surveys) if one.packet is not None
    }
    assert len(found) == len(times)


def test_a_file_named_twice_is_read_once(folder: Path) -> None:
    path = folder / "0.avro"
    assert find_places([path, path], [Ztf()]) == find_places([path], [Ztf()])


def test_a_file_that_changed_meanwhile_is_told(folder: Path) -> None:
    places, _ = find_places([folder / "0.avro"], [Ztf()])
    (folder / "0.avro").unlink()
    assert {str(one.error) for one in read_places(places, [Ztf()])} == {
        str(SosiaError("was changed while it was read"))
    }
