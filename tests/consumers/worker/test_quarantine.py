"""The quarantine through the lives and deaths of workers; its memory is what it writes beside the offset."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.worker.assignment import Found
from consumers.worker.batch import Partition
from consumers.worker.quarantine import Mark, Quarantine
from tests.consumers.worker.records import record

HERE: Partition = ("alerts", 0)
LENGTH = 4


class Kafka:
    """One partition: the committed offset, the metadata beside it, and how many records there are."""

    def __init__(self, records: int = 100) -> None:
        self.offset = 0
        self.metadata: str | None = None
        self.records = records

    def write(self, marks: Mapping[Partition, str]) -> None:
        self.metadata = marks.get(HERE, self.metadata)

    def start(self) -> Quarantine:
        quarantine = Quarantine(self.write, LENGTH)
        quarantine.arrive({HERE: Found(self.metadata, self.records - self.offset)})
        return quarantine

    def commit(self, quarantine: Quarantine, count: int = 1) -> None:
        self.offset += count
        self.metadata = quarantine.metadata(HERE)
        quarantine.passed([HERE] * count)


def test_two_deaths_at_one_offset_send_packets_singly() -> None:
    kafka = Kafka()
    assert [kafka.start().active for _ in range(4)] == [False, False, True, True]


def test_a_commit_clears_the_count() -> None:
    kafka = Kafka()
    kafka.start()
    kafka.commit(kafka.start())
    assert not kafka.metadata
    assert not kafka.start().active


def test_orderly_ends_are_not_counted() -> None:
    kafka = Kafka()
    for _ in range(10):
        kafka.start().leave()
    assert not kafka.metadata


def test_the_killer_is_condemned_after_two_deaths_alone_and_its_neighbours_never() -> None:
    kafka, killer, deaths = Kafka(), 2, 0
    condemned = []
    while kafka.offset < 10:
        quarantine = kafka.start()
        while kafka.offset < 10:
            if not quarantine.active:
                if kafka.offset <= killer:
                    deaths += 1
                    break
                kafka.commit(quarantine, 10 - kafka.offset)
            elif quarantine.condemned(record(kafka.offset)):
                condemned.append(kafka.offset)
                kafka.commit(quarantine)
            else:
                quarantine.probe(record(kafka.offset))
                if kafka.offset == killer:
                    deaths += 1
                    break
                quarantine.survived(record(kafka.offset))
                kafka.commit(quarantine)
    assert condemned == [killer]
    assert deaths == 4


@given(st.integers(1, 50))
def test_deaths_in_mid_transaction_condemn_nobody(kills: int) -> None:
    kafka = Kafka()
    for _ in range(kills):
        quarantine = kafka.start()
        assert not quarantine.condemned(record(0))
        if quarantine.active:
            quarantine.probe(record(0))
            quarantine.survived(record(0))
    assert not kafka.start().condemned(record(0))


def test_a_quarantine_outlasts_a_death_in_its_middle() -> None:
    kafka = Kafka()
    kafka.start(), kafka.start()
    kafka.commit(kafka.start())
    assert kafka.start().active


def test_a_quarantine_ends_after_as_many_packets_as_were_on_their_way() -> None:
    kafka = Kafka()
    kafka.start(), kafka.start()
    quarantine = kafka.start()
    for _ in range(LENGTH):
        assert quarantine.active
        kafka.commit(quarantine)
    assert not quarantine.active
    assert not kafka.metadata


def test_a_partition_where_no_record_waits_is_never_suspected() -> None:
    """Or the deaths that a busy partition caused would, over the years, slow down all that are idle beside it."""
    kafka = Kafka(records=0)
    assert not any(kafka.start().active for _ in range(10))


def test_a_quarantine_of_few_records_ends_with_the_last_of_them() -> None:
    kafka = Kafka(records=1)
    kafka.start(), kafka.start()
    quarantine = kafka.start()
    kafka.commit(quarantine)
    assert not quarantine.active


def test_a_quarantine_ends_where_only_markers_waited() -> None:
    kafka = Kafka(records=1)
    kafka.start(), kafka.start()
    quarantine = kafka.start()
    quarantine.exhausted(HERE, 0)
    assert not quarantine.active
    assert not kafka.start().active


def test_the_end_of_a_partition_does_not_free_what_was_received_before_it() -> None:
    kafka = Kafka()
    kafka.start(), kafka.start()
    quarantine = kafka.start()
    quarantine.exhausted(HERE, 2)
    kafka.commit(quarantine)
    assert quarantine.active
    kafka.commit(quarantine)
    assert not quarantine.active


def test_the_end_of_a_partition_does_not_hide_the_packet_that_is_being_processed() -> None:
    kafka = Kafka()
    kafka.start(), kafka.start()
    for _ in range(2):
        quarantine = kafka.start()
        assert not quarantine.condemned(record(0))
        quarantine.probe(record(0))
        quarantine.exhausted(HERE, 0)
    assert kafka.start().condemned(record(0))


@pytest.mark.parametrize(
    "metadata",
    [None, "", "operator's note", "[]", "1", '{"starts": 5}', '{"starts": "x", "probes": null}', "{" * 100_000],
)
def test_metadata_of_others_count_as_none(metadata: str | None) -> None:
    assert Mark.read(metadata) == Mark()


def test_marks_survive_being_written() -> None:
    assert Mark.read(Mark(3, 1).write()) == Mark(3, 1)
