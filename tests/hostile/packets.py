"""Good packets of every format, to be damaged: simulated ones, so that the fuzzer needs no data but the project's."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import fastavro
import numpy as np

from broker.surveys.rubin import Rubin
from broker.surveys.stamps import Stamps
from broker.surveys.ztf import Ztf
from models.simulate import rubin
from models.simulate.stream import simulate
from schemas.framing import Framing, Unframer, container, wire
from schemas.own import pack
from schemas.writer import WriterSchema
from tests.hostile.images import plain_image

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.source import SchemaSource

SURVEYS = (Ztf(), Rubin(), Stamps())


class OneSchema:
    """A schema source of one schema, whatever its number."""

    def __init__(self, text: bytes) -> None:
        self._schema = WriterSchema(text)

    def get(self, schema_id: int) -> WriterSchema:
        return self._schema


@dataclass(frozen=True)
class Seed:
    """A good packet, taken apart."""

    payload: bytes
    schema: dict[str, Any]
    body: bytes
    schema_id: int | None

    @cached_property
    def parsed(self) -> Any:
        return fastavro.parse_schema(self.schema)

    @cached_property
    def record(self) -> dict[str, Any]:
        record = fastavro.schemaless_reader(io.BytesIO(self.body), self.parsed, None)
        assert isinstance(record, dict)
        return record

    def encoded(self, record: dict[str, Any]) -> bytes:
        """The packet with another record in it; raises what fastavro does where the record does not fit."""
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self.parsed, record)
        return self.framed(stream.getvalue())

    def framed(self, body: bytes) -> bytes:
        return container(_text(self.schema), body) if self.schema_id is None else wire(self.schema_id, body)


def good_packets(folder: Path) -> tuple[list[Seed], SchemaSource]:
    """Packets of ZTF, Rubin and own stamps, and the source of Rubin's schema."""
    source = OneSchema(rubin.save_schema(folder).read_bytes())
    payloads = [alert.packet for survey in ("ztf", "lsst") for alert in simulate(survey, 6, seed=8)]
    payloads += [pack("epoch_stamp", _stamp(number)) for number in range(4)]
    return [_seed(payload, source) for payload in payloads], source


def _seed(payload: bytes, source: SchemaSource) -> Seed:
    framed = Unframer(source).unframe(payload)
    number = framed.schema_id if framed.framing is Framing.WIRE else None
    return Seed(payload, framed.schema.json, framed.body, number)


def _stamp(number: int) -> dict[str, Any]:
    draw = np.random.default_rng(number)
    science, reference, difference = (plain_image(draw.normal(size=(70, 70)).astype(">f4")) for _ in range(3))
    return {
        "objectId": f"star {number}", "epochId": f"night {number}", "band": "r", "mjd": 60000.5, "ra": 10.0,
        "dec": -5.0, "exposureTime": 30.0, "pixelScale": 0.4, "science": science, "reference": reference,
        "difference": difference, "zeroPoint": 25.0, "psfFwhm": 0.8, "mask": None, "variance": None,
    }  # fmt: skip


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema)
