"""Annotated packets read back with plain fastavro: the survey's fields untouched, the annotation last."""

import io
import json
from dataclasses import replace
from pathlib import Path

import fastavro
import pytest

from broker.annotation import ImageInfo, to_record
from broker.output import Splicer, scores
from broker.reader import Reader
from broker.surveys.rubin import Rubin
from broker.surveys.ztf import Ztf
from schemas.framing import wire
from schemas.own import unpack
from schemas.source import FolderSource
from tests.broker.annotations import annotation_of
from tests.broker.classifiers.sights import a_packet
from tests.broker.packets import decode_container, decode_rubin, decode_wire, rubin_files, rubin_schema, ztf_files


def rubin_payloads(shared_data: Path) -> list[bytes]:
    """All the real packets, and one of them written with v11.0, which no real packet here has."""
    payloads = [file.read_bytes() for file in rubin_files(shared_data)]
    buffer = io.BytesIO()
    schema = fastavro.parse_schema(rubin_schema(shared_data, "11_0"))
    fastavro.schemaless_writer(buffer, schema, decode_rubin(shared_data, payloads[40]))
    return [*payloads, wire(1100, buffer.getvalue())]


def test_spliced_rubin_packets_decode_in_both_framings_and_under_both_schemas(shared_data: Path) -> None:
    reader, splicer = Reader([Rubin()], FolderSource(shared_data / "lsst" / "schema")), Splicer()
    versions = set()
    for payload in rubin_payloads(shared_data):
        packet = reader.read(payload)
        annotation = annotation_of(packet)
        original = decode_rubin(shared_data, payload)
        expected = {**original, "annotation": to_record(annotation)}
        derived = packet.framed.schema.derived

        framed = splicer.annotated(packet, annotation)
        assert splicer.both(packet, annotation) == (framed, scores(annotation))
        assert _same(decode_container(framed), expected)
        framed = splicer.annotated(packet, annotation, 77)
        assert framed[:5] == b"\x00" + (77).to_bytes(4, "big")
        assert framed[5 : len(payload)] == payload[5:]
        assert _same(decode_wire(framed, derived), expected)
        # The survey's own schema is still a reader's schema for it.
        own = fastavro.parse_schema(packet.framed.schema.json)
        assert _same(fastavro.schemaless_reader(io.BytesIO(framed[5:]), fastavro.parse_schema(derived), own), original)
        versions.add(packet.framed.schema_id)
    assert versions == {900, 1000, 1100}


def test_annotated_ztf_packets_open_with_any_reader(shared_data: Path) -> None:
    reader, splicer = Reader([Ztf()]), Splicer()
    for file in ztf_files(shared_data):
        payload = file.read_bytes()
        packet = reader.read(payload)
        annotation = annotation_of(packet)
        framed = splicer.annotated(packet, annotation)
        original = decode_container(payload)
        assert _same(decode_container(framed), {**original, "annotation": to_record(annotation)})
        opened = fastavro.reader(io.BytesIO(framed))
        assert opened.writer_schema["name"] == fastavro.reader(io.BytesIO(payload)).writer_schema["name"]
        own = fastavro.parse_schema(packet.framed.schema.json)
        assert _same(next(iter(fastavro.reader(io.BytesIO(framed), own))), original)


def test_annotating_again_replaces_the_annotation(shared_data: Path) -> None:
    reader, splicer = Reader([Ztf()]), Splicer()
    packet = reader.read(ztf_files(shared_data)[0].read_bytes())
    once = splicer.annotated(packet, annotation_of(packet))
    assert splicer.annotated(reader.read(once), annotation_of(packet)) == once


@pytest.mark.parametrize("wire_id", [None, 5])
def test_the_thin_record_is_exactly_the_annotation(shared_data: Path, wire_id: int | None) -> None:
    packet = Reader([Ztf()]).read(ztf_files(shared_data)[0].read_bytes())
    assert _same(unpack("annotation", scores(annotation_of(packet), wire_id)), to_record(annotation_of(packet)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e300])
def test_what_would_not_arrive_as_a_number_is_null(value: float) -> None:
    annotation = replace(annotation_of(a_packet()), image=ImageInfo(0.25, snr=value, magnitude=19.25))
    sent = unpack("annotation", scores(annotation))["image"]
    assert (sent["snr"], sent["magnitude"]) == (None, 19.25)


def _same(one: object, other: object) -> bool:
    """Equal field by field; NaN equals itself."""
    return json.dumps(one, default=repr, sort_keys=True) == json.dumps(other, default=repr, sort_keys=True)
