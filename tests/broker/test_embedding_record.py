from __future__ import annotations

import io
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import fastavro
import numpy as np
import pytest

import schemas
from broker.annotation import Annotation, Classification
from broker.annotator import Finding
from broker.embedding_record import EmbeddingReader, embedding_record
from broker.history.embedding_bytes import half
from broker.history.history import Series
from schemas.errors import UnreadableError
from schemas.framing import container, wire
from schemas.own import pack
from tests.broker.annotations import annotation_of
from tests.broker.packets import decode_container

PLACE = half(np.random.default_rng(0).normal(size=1280).astype(np.float32))


def annotation(**fields: Any) -> Annotation:
    packet: Any = SimpleNamespace(**{
        "survey": SimpleNamespace(name="lsst"), "object_id": "17", "epoch_id": "18", "band": "g",
        "mjd": 61000.25, "ra": 1.5, "dec": -2.5, **fields,
    })  # fmt: skip
    return annotation_of(packet)


def written(in_history: bool = True, **fields: Any) -> bytes:
    payload = embedding_record(Finding(annotation(**fields), PLACE, in_history))
    assert payload is not None
    return payload


def test_any_avro_reader_opens_a_row() -> None:
    row = decode_container(written())
    np.testing.assert_array_equal(np.frombuffer(row.pop("embedding"), "<f2"), PLACE)
    assert row == {
        "survey": "lsst", "objectId": "17", "epochId": "18", "band": "g", "mjd": 61000.25, "ra": 1.5, "dec": -2.5,
        "image": "science", "backboneDigest": "digest", "problematic": True, "inHistory": True,
        "scores": [],
    }  # fmt: skip


def test_a_row_carries_the_scores_that_classifiers_gave() -> None:
    scored = replace(annotation(), classifications=(
        Classification("lens", "1", "reference", reason="pixel scale too coarse"),
        Classification("streak", "2", "difference", 0.75),
    ))  # fmt: skip
    payload = embedding_record(Finding(scored, PLACE))
    assert payload is not None
    assert EmbeddingReader().sighting(payload).scores == (("streak", "2", 0.75),)


def test_the_reference_has_a_row_of_its_own_that_no_verdict_and_no_history_belongs_to() -> None:
    finding = Finding(annotation(), PLACE, in_history=True, reference_embedding=-PLACE)
    payload = embedding_record(finding, image="reference")
    assert payload is not None
    row = decode_container(payload)
    assert (row["image"], row["problematic"], row["inHistory"], row["scores"]) == ("reference", None, False, [])
    np.testing.assert_array_equal(EmbeddingReader().sighting(payload).embedding, -PLACE)
    assert EmbeddingReader().history_row(payload) is None
    assert embedding_record(Finding(annotation(), PLACE), image="reference") is None


def test_a_row_of_the_first_schema_is_read_as_one_without_scores() -> None:
    first = json.loads(json.dumps(schemas.load("embedding")))
    first["fields"] = [field for field in first["fields"] if field["name"] != "scores"]
    row = decode_container(written())
    del row["scores"]
    file = io.BytesIO()
    fastavro.writer(file, first, [row])
    one = EmbeddingReader().sighting(file.getvalue())
    assert (one.scores, one.identity.object_id, one.digest) == ((), "17", "digest")
    assert EmbeddingReader().origin(file.getvalue()) == ("lsst", "digest")


def test_a_row_comes_back_as_the_history_has_it() -> None:
    row = EmbeddingReader().history_row(written())
    assert row is not None
    assert row.series == Series("lsst", "17", "g", "digest")
    assert (row.epoch.epoch_id, row.epoch.mjd, row.epoch.embedding.tobytes()) == ("18", 61000.25, PLACE.tobytes())


def test_without_a_band_the_series_has_an_empty_one() -> None:
    row = EmbeddingReader().history_row(written(band=None))
    assert row is not None
    assert row.series.band == ""


def test_what_has_no_history_gives_no_row() -> None:
    assert EmbeddingReader().history_row(written(in_history=False)) is None


def test_what_was_not_embedded_is_not_written() -> None:
    assert embedding_record(Finding(annotation())) is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no row",
        wire(3, b"row"),
        written()[:-20],
        written(mjd=None),
        container('{"type": "record", "name": "Other", "fields": []}', b""),
        container('{"type": "record", "name": "sosia.Embedding", "fields": []}', b""),
        pack("embedding", {**decode_container(written()), "embedding": b"odd"}),
    ],
)
def test_what_is_no_row_is_told(payload: bytes) -> None:
    with pytest.raises(UnreadableError):
        EmbeddingReader().history_row(payload)
