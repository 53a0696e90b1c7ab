"""Messages are taken apart and put together as other libraries do it."""

import io
import json
from contextlib import suppress
from pathlib import Path

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import DeadReason, UnreadableError
from schemas.framing import Framing, Unframer, container, wire
from schemas.source import FolderSource

SCHEMA = {
    "type": "record",
    "name": "alert",
    "fields": [{"name": "id", "type": "long"}, {"name": "name", "type": "string"}],
}


def written(records: list[dict], codec: str = "null") -> bytes:
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(SCHEMA), records, codec=codec)
    return buffer.getvalue()


@pytest.mark.parametrize("codec", ["null", "deflate"])
@given(st.integers(-(2**63), 2**63 - 1), st.text(max_size=300))
def test_containers_of_fastavro_are_read_and_ours_read_back(codec: str, number: int, text: str) -> None:
    record = {"id": number, "name": text}
    framed = Unframer().unframe(written([record], codec))
    assert framed.framing is Framing.OCF
    again = container(json.dumps(framed.schema.json), framed.body)
    assert list(fastavro.reader(io.BytesIO(again))) == [record]
    assert Unframer().unframe(again).body == framed.body


def test_a_file_may_hold_many_records_a_message_only_one() -> None:
    records = [{"id": number, "name": "x" * number} for number in range(100)]
    payload = written(records)
    framed = list(Unframer().records(payload))
    assert [one.schema.decode(one.body, one.schema.spans(one.body), "id") for one in framed] == list(range(100))
    with pytest.raises(UnreadableError, match="several records"):
        Unframer().unframe(payload)


@given(st.data())
def test_damaged_containers_are_refused_or_read_never_worse(data: st.DataObject) -> None:
    payload = bytearray(written([{"id": 7, "name": "seven"}], data.draw(st.sampled_from(["null", "deflate"]))))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    damaged = bytes(payload[: data.draw(st.integers(0, len(payload)))])
    with suppress(UnreadableError):
        assert Unframer(None).unframe(damaged).body


def test_wire_format_asks_the_source(tmp_path: Path) -> None:
    (tmp_path / "lsst.v10_3.alert.avsc").write_text(json.dumps(SCHEMA))
    unframer = Unframer(FolderSource(tmp_path))
    framed = unframer.unframe(wire(1003, b"\x02\x00"))
    assert (framed.framing, framed.schema_id, framed.body, framed.schema.name) == (
        Framing.WIRE,
        1003,
        b"\x02\x00",
        "alert",
    )
    with pytest.raises(UnreadableError) as refused:
        unframer.unframe(wire(1004, b"\x02\x00"))
    assert refused.value.reason == DeadReason.SCHEMA_UNKNOWN


def test_a_schema_added_to_the_folder_later_is_found(tmp_path: Path) -> None:
    source = FolderSource(tmp_path)
    with pytest.raises(UnreadableError):
        source.get(900)
    (tmp_path / "lsst.v9_0.alert.avsc").write_text(json.dumps(SCHEMA))
    assert source.get(900).name == "alert"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", DeadReason.EMPTY),
        (b"Obj\x01", DeadReason.FRAMING),
        (b"hello world", DeadReason.FRAMING),
        (b"\x00\x00\x00\x00", DeadReason.FRAMING),
        (b"\x00\x00\x00\x03\xe8rest", DeadReason.SCHEMA_UNKNOWN),
    ],
)
def test_what_is_no_message_has_a_reason(payload: bytes, reason: DeadReason) -> None:
    with pytest.raises(UnreadableError) as refused:
        Unframer().unframe(payload)
    assert refused.value.reason == reason


def test_a_deflate_bomb_is_refused() -> None:
    bomb = written([{"id": 1, "name": "0" * 70_000_000}], "deflate")
    with pytest.raises(UnreadableError, match="too large"):
        Unframer().unframe(bomb)
