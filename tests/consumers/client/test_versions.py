"""What a subscriber has of annotations that other versions of the software wrote."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import fastavro
import pytest

import schemas
from consumers.client.alert import AlertReader
from schemas.errors import UnreadableError
from schemas.framing import container
from tests.consumers.client.annotations import annotation, classification

SCORES, PACKETS = "sosia.ztf.scores.v1", "sosia.ztf.annotated.v1"
#: Fields that have a default, each in another record.
LATER = {"Annotation": "lens", "Epoch": "changedSnr", "Classification": "fpr"}
NOW = schemas.load("annotation")
WRITTEN = annotation(1, classifications=[classification("streak", 0.5)])


def without(kind: Any, fields: dict[str, str]) -> Any:
    """A schema of the time before its records had some fields."""
    if isinstance(kind, list):
        return [without(one, fields) for one in kind]
    if not isinstance(kind, dict):
        return kind
    changed = {key: without(value, fields) for key, value in kind.items()}
    if "fields" in kind:
        changed["fields"] = [one for one in changed["fields"] if one["name"] != fields.get(kind["name"])]
    return changed


def written_by(schema: Any, topic: str) -> bytes:
    """A record with an annotation of some version, as a topic of either kind holds it."""
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(copy.deepcopy(schema)), WRITTEN)
    if topic == SCORES:
        return container(json.dumps(schema), body.getvalue())
    fields = [{"name": "candid", "type": "long"}, {"name": "annotation", "type": ["null", schema], "default": None}]
    survey = {"type": "record", "name": "alert", "namespace": "ztf", "fields": fields}
    return container(json.dumps(survey), b"\x02\x02" + body.getvalue())


@pytest.mark.parametrize("topic", [SCORES, PACKETS])
def test_an_older_annotation_has_the_defaults_of_what_came_later(topic: str) -> None:
    older, now = written_by(without(NOW, LATER), topic), written_by(NOW, topic)
    assert len(older) < len(now)
    assert AlertReader().annotation(topic, older) == AlertReader().annotation(topic, now)


@pytest.mark.parametrize("topic", [SCORES, PACKETS])
def test_a_later_annotation_keeps_what_is_new_beside_all_that_is_known(topic: str) -> None:
    later = {**NOW, "fields": [*NOW["fields"], {"name": "mood", "type": "string", "default": "calm"}]}
    found = AlertReader().annotation(topic, written_by(later, topic))
    assert found == {**AlertReader().annotation(topic, written_by(NOW, topic)), "mood": "calm"}


@pytest.mark.parametrize("topic", [SCORES, PACKETS])
@pytest.mark.parametrize("fields", [{"Annotation": "survey"}, {"Epoch": "rule"}])
def test_an_annotation_without_what_every_version_has_is_refused(topic: str, fields: dict[str, str]) -> None:
    with pytest.raises(UnreadableError, match="nnotation"):
        AlertReader().annotation(topic, written_by(without(NOW, fields), topic))
