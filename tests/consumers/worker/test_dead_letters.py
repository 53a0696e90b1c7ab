from __future__ import annotations

import pytest

from consumers.names import DEAD
from consumers.worker.batch import Dead
from consumers.worker.dead_letters import dead_letter
from schemas.errors import DeadReason
from tests.consumers.worker.records import dead, record


def headers_of(one: Dead, survey: str | None = "ztf") -> dict[str, bytes | None]:
    return dict(dead_letter(one, survey, "worker", "0.1").headers)


@pytest.mark.parametrize("value", [b"original bytes", b"", None])
def test_a_dead_letter_has_the_original_bytes_and_key(value: bytes | None) -> None:
    letter = dead_letter(dead(7, value=value, key=b"\xff\x00"), "ztf", "worker", "0.1")
    assert (letter.topic, letter.key, letter.value) == (DEAD, b"\xff\x00", value)


def test_its_headers_tell_where_it_comes_from_and_why_it_died() -> None:
    assert headers_of(dead(7, DeadReason.LENGTHS)) == {
        "sosia-origin": b"alerts/0/7",
        "sosia-attempt": b"1",
        "sosia-reason": b"lengths",
        "sosia-detail": b"broken",
        "sosia-survey": b"ztf",
        "sosia-worker": b"worker",
        "sosia-version": b"0.1",
        "sosia-timestamp": b"1700000000000",
    }


def test_a_survey_that_is_not_known_is_not_told() -> None:
    assert "sosia-survey" not in headers_of(dead(7), survey=None)


def test_the_schema_id_is_told_where_there_is_one() -> None:
    assert headers_of(dead(7, value=b"\0\0\0\x12\x67rest"))["sosia-schema-id"] == b"4711"
    assert "sosia-schema-id" not in headers_of(dead(7, value=b"Obj\x01 rest"))
    assert "sosia-schema-id" not in headers_of(dead(7, value=b"\0\0\0\x12"))


def test_the_records_own_headers_are_kept_but_none_that_looks_like_ours() -> None:
    own = (("survey-header", b"a"), ("survey-header", None), ("sosia-reason", b"forged"))
    headers = dead_letter(dead(7, headers=own), None, "worker", "0.1").headers
    assert headers[:2] == own[:2]
    assert [value for name, value in headers if name == "sosia-reason"] == [b"framing"]


def test_escapes_cannot_steer_a_terminal() -> None:
    one = Dead(record(7), DeadReason.SCHEMA_INVALID, "\x1b[2Jgone\r\nforged line\u202e")
    assert headers_of(one)["sosia-detail"] == rb"\x1b[2Jgone\r\nforged line\u202e"
