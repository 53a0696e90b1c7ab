"""The worker that one would write at first: everything decoded, one alert at a time, everything encoded again.

fastavro decodes the whole packet, astropy reads the stamps, the same networks and stages look at one alert after the
other through ``tf.function``, and fastavro encodes the whole packet. Kafka is left out, in its favour.
"""

from __future__ import annotations

import gzip
import io
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import fastavro

from broker.annotation import to_record
from consumers.bench.probes import watched
from models.batched import Batched
from schemas.framing import OCF_MAGIC
from schemas.writer import ANNOTATION_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from tf_keras import Model

    from broker.annotator import Annotator
    from broker.packet import Packet
    from broker.reader import Reader
    from schemas.writer import WriterSchema

_WIRE_HEADER = 5
_GZIP = b"\x1f\x8b"
#: What the annotator does of what the naive worker does in its own way: taken off its time.
_DONE_ALREADY = {"twice": ["broker.annotator:stamp_pair"]}


@dataclass(frozen=True, slots=True)
class Naive:
    """Speed of the naive worker."""

    alerts_per_s: float
    cpu_s_per_alert: float


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let networks that are loaded under ``with`` take one input a pass: padded passes would slow the naive worker."""
    original = Batched.__init__

    def single(self: Batched, model: Model, batch: int, small: int | None = None) -> None:
        del batch, small
        original(self, model, 1)

    with patch.object(Batched, "__init__", single):
        yield


def measure(packets: Sequence[bytes], reader: Reader, annotator: Annotator) -> Naive:
    """Run the naive worker.

    Parameters
    ----------
    packets : sequence of bytes
        The first one warms everything up.
    reader : Reader
        Gives the annotator its packets; not in the naive worker's time.
    annotator : Annotator
        With networks of one image a pass.
    """
    read = [reader.read(payload) for payload in packets]
    codecs = {packet.framed.schema: _Codec(packet.framed.schema) for packet in read}
    works = [(codecs[packet.framed.schema], payload, packet) for payload, packet in zip(packets, read, strict=True)]
    _annotate(*works[0], annotator)
    with watched(_DONE_ALREADY) as times:
        started, cpu = time.perf_counter(), time.process_time()
        for work in works[1:]:
            _annotate(*work, annotator)
        seconds = time.perf_counter() - started - times.cpu_s["twice"]
        cpu_seconds = time.process_time() - cpu - times.cpu_s["twice"]
    count = len(packets) - 1
    return Naive(count / seconds, cpu_seconds / count)


def _annotate(codec: _Codec, payload: bytes, packet: Packet, annotator: Annotator) -> bytes:
    record = codec.decode(payload)
    for stamp in (packet.science, packet.reference, packet.difference):
        if stamp:
            _read_by_astropy(stamp)
    (finding,) = annotator.annotate([packet], [datetime.now(UTC)])
    record[ANNOTATION_FIELD] = to_record(finding.annotation)
    return codec.encode(payload, record)


class _Codec:
    """Decodes and encodes whole packets of one schema; the schema itself is parsed once."""

    def __init__(self, schema: WriterSchema) -> None:
        self._written = fastavro.parse_schema(schema.json)
        self._annotated = fastavro.parse_schema(schema.derived)

    def decode(self, payload: bytes) -> dict[str, Any]:
        if payload.startswith(OCF_MAGIC):
            (record,) = fastavro.reader(io.BytesIO(payload))
        else:
            record = fastavro.schemaless_reader(io.BytesIO(payload[_WIRE_HEADER:]), self._written, None)
        assert isinstance(record, dict)  # so is every alert
        return record

    def encode(self, payload: bytes, record: dict[str, Any]) -> bytes:
        buffer = io.BytesIO()
        if payload.startswith(OCF_MAGIC):
            fastavro.writer(buffer, self._annotated, [record])
        else:
            buffer.write(payload[:_WIRE_HEADER])
            fastavro.schemaless_writer(buffer, self._annotated, record)
        return buffer.getvalue()


def _read_by_astropy(stamp: bytes) -> list[NDArray[Any] | None]:
    from astropy.io import fits

    plain = gzip.decompress(stamp) if stamp.startswith(_GZIP) else stamp
    with fits.open(io.BytesIO(plain)) as hdus:
        return [hdu.data for hdu in hdus]
