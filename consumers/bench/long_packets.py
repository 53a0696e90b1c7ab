"""What a Rubin packet's own history costs: decoding and splicing it, by how many earlier detections it lists."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from broker.output import Splicer
from schemas.framing import Framing, wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.annotator import Annotator
    from broker.packet import Packet
    from broker.reader import Reader

#: Earlier detections.
LENGTHS = (0, 250, 500, 1000)
#: Of each length, so often; the least is told, since other programs only ever add.
_REPEATS = 25
_LISTED, _ONE = "prvDiaSources", "diaSource"


def measure(packets: Sequence[bytes], reader: Reader, annotator: Annotator) -> dict[int, float]:
    """Return the CPU time [s] by number of earlier detections; nothing where no packet can list any.

    Parameters
    ----------
    packets : sequence of bytes
        Of which the first Rubin packet is made longer and shorter: each earlier detection is one like its own.
    reader, annotator
        A worker's.
    """
    packet = next((one for one in map(reader.read, packets) if _LISTED in one.framed.schema.fields), None)
    if packet is None or packet.framed.framing is not Framing.WIRE:
        return {}
    (finding,) = annotator.annotate([packet], [datetime.now(UTC)])
    splicer = Splicer()

    def once(payload: bytes) -> float:
        started = time.thread_time()
        splicer.annotated(reader.read(payload), finding.annotation)
        return time.thread_time() - started

    longer = {length: _with_history(packet, length) for length in LENGTHS}
    return {length: min(once(payload) for _ in range(_REPEATS)) for length, payload in longer.items()}


def _with_history(packet: Packet, length: int) -> bytes:
    schema, body = packet.framed.schema, packet.framed.body
    spans = schema.spans(body)
    fields = {name: body[first:last] for name, (first, last) in spans.items()}
    fields[_LISTED] = schema.encode(_LISTED, [schema.decode(body, spans, _ONE)] * length)
    assert packet.framed.schema_id is not None  # wire format always has one
    return wire(packet.framed.schema_id, b"".join(fields.values()))
