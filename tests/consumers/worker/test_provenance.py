from __future__ import annotations

import pytest

from consumers.names import ATTEMPT_HEADER, ORIGIN_HEADER, REPLAY
from consumers.worker.batch import Headers
from consumers.worker.provenance import Provenance, provenance
from tests.consumers.worker.records import record

ORIGIN: Headers = ((ORIGIN_HEADER, b"alerts/3/14"), (ATTEMPT_HEADER, b"2"))


def test_a_record_comes_from_where_it_was_read() -> None:
    assert provenance(record(7, partition=2)) == Provenance("alerts/2/7", 1)
    assert provenance(record(7)).headers() == ((ORIGIN_HEADER, b"alerts/0/7"), (ATTEMPT_HEADER, b"1"))


def test_a_replayed_record_keeps_its_own() -> None:
    assert provenance(record(7, topic=REPLAY, headers=ORIGIN)) == Provenance("alerts/3/14", 2)


def test_a_strangers_headers_are_not_believed() -> None:
    assert provenance(record(7, headers=ORIGIN)) == Provenance("alerts/0/7", 1)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ((ORIGIN_HEADER, b"alerts/3/14"),),
        ((ORIGIN_HEADER, None), (ATTEMPT_HEADER, b"2")),
        ((ORIGIN_HEADER, b"alerts/3"), (ATTEMPT_HEADER, b"2")),
        ((ORIGIN_HEADER, b"alerts/3/14\n"), (ATTEMPT_HEADER, b"2")),
        ((ORIGIN_HEADER, b"\xff/3/14"), (ATTEMPT_HEADER, b"2")),
        ((ORIGIN_HEADER, b"alerts/3/14"), (ATTEMPT_HEADER, b"0")),
        ((ORIGIN_HEADER, b"alerts/3/14"), (ATTEMPT_HEADER, b"1e3")),
    ],
)
def test_a_replayed_record_without_proper_headers_comes_from_the_replay_topic(headers: Headers) -> None:
    assert provenance(record(7, topic=REPLAY, headers=headers)) == Provenance(f"{REPLAY}/0/7", 1)
