"""Hostile packets: a null or a dead letter with a reason, within a second and some memory, and nobody else's harm."""

from __future__ import annotations

import tracemalloc

import pytest

from consumers.settings import KafkaSettings
from schemas.source import SchemaSource
from tests.hostile.decoders import Decoders, framed
from tests.hostile.fuzz import LARGEST_BYTES, run
from tests.hostile.images import hostile_images
from tests.hostile.mutations import mutated
from tests.hostile.packets import Seed, good_packets
from tests.hostile.records import hostile_records

#: Of one packet, beside what it brings along itself [bytes]: a block that was inflated, and a few copies of it.
MOST_MEMORY = 60_000_000

RECORDS = tuple(hostile_records())
#: These can be read, and what is strange in them is passed over.
NO_IMAGE = {
    "a decimal of a million digits", "a candidate that is text", "a candidate that is a list",
    "a filter that is a list",
}  # fmt: skip
#: What they claim would fill any memory.
BOMBS = (
    "2^60 nulls", "arrays of many nulls", "arrays of many records of nulls", "ten million empty strings",
    "nulls without end", "a million records", "a deflate bomb", "a deflate bomb of records",
    "a million entries in the header", "a fixed of 2^60",
)  # fmt: skip
IMAGES = tuple(hostile_images())
#: These are unusual, and yet an image is in them.
READABLE = {
    "many cards", "not ascii", "smallest doubles", "endless declination", "ten million bytes", "a thousand extensions",
}  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Seed], SchemaSource]:
    return good_packets(tmp_path_factory.mktemp("schema"))


@pytest.fixture
def decoders(good: tuple[list[Seed], SchemaSource]) -> Decoders:
    return Decoders(good[1])


@pytest.mark.parametrize("name", RECORDS)
def test_a_hostile_record_is_a_dead_letter(name: str, decoders: Decoders) -> None:
    seen = decoders.decode(hostile_records()[name])
    assert seen.outcome.startswith("no image: " if name in NO_IMAGE else "dead: ")


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_little_memory(name: str, decoders: Decoders) -> None:
    payload = hostile_records()[name]
    tracemalloc.start()
    try:
        decoders.decode(payload)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY


@pytest.mark.parametrize("name", IMAGES)
def test_a_hostile_image_is_a_null_with_a_reason(
    name: str, good: tuple[list[Seed], SchemaSource], decoders: Decoders
) -> None:
    own = good[0][-1]
    seen = decoders.decode(own.encoded({**own.record, "science": hostile_images()[name]}))
    assert seen.pair is not None
    framed([seen.pair])
    assert (seen.outcome == "annotated") == (name in READABLE)
    assert seen.outcome == "annotated" or seen.outcome.startswith("no image: ")


@pytest.mark.parametrize(
    ("place", "record", "changes"),
    [
        (0, "candidate", {"jd": 1e308}),
        (0, "candidate", {"jd": -5e9, "exptime": 1e300}),
        (0, "candidate", {"sigmapsf": 5e-324, "ra": float("nan"), "dec": float("inf")}),
        (6, "diaSource", {"psfFlux": 5e-324, "ra": 1e308, "dec": -1e308, "midpointMjdTai": float("-inf")}),
    ],
)
def test_a_value_that_no_survey_means_is_passed_over(
    place: int, record: str, changes: dict[str, float], good: tuple[list[Seed], SchemaSource], decoders: Decoders
) -> None:
    seed = good[0][place]
    seen = decoders.decode(seed.encoded({**seed.record, record: {**seed.record[record], **changes}}))
    assert seen.outcome == "annotated"
    assert seen.pair is not None
    framed([seen.pair])


def test_no_damaged_packet_is_larger_than_one_that_may_come(good: tuple[list[Seed], SchemaSource]) -> None:
    """Here a list was made longer four times."""
    assert len(mutated(1, 392774, good[0])) < KafkaSettings().message_bytes


def test_damaged_packets_of_all_formats_harm_nothing() -> None:
    """`make fuzz`, for a few seconds."""
    report = run(seed=8, packets=1500, processes=1)
    assert report.failures == []
    assert report.packets == 1500
    assert report.peak_bytes < LARGEST_BYTES
    assert {"annotated", "dead: lengths", "dead: framing", "dead: schema invalid", "dead: identifiers"} <= set(
        report.outcomes
    )
    assert any(outcome.startswith("no image") for outcome in report.outcomes)
