from __future__ import annotations

import json

import pytest

from consumers.client.alert import AlertReader
from schemas.errors import UnreadableError
from schemas.framing import container


def test_a_record_that_only_bears_the_annotations_name_is_none() -> None:
    own = {"type": "record", "name": "sosia.Annotation", "fields": [{"name": "objectId", "type": "string"}]}
    field = {"name": "annotation", "type": ["null", own], "default": None}
    schema = {"type": "record", "name": "survey.alert", "fields": [field]}
    payload = container(json.dumps(schema), b"\x02\x02a")
    with pytest.raises(UnreadableError, match="not an alert of this survey: no annotation"):
        AlertReader().annotation("sosia.own.annotated.v1", payload)
    with pytest.raises(UnreadableError, match=r"a survey\.alert among bare annotations"):
        AlertReader().annotation("sosia.own.scores.v1", payload)
