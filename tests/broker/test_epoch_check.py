from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from broker.annotation import EpochCheck, EpochState
from broker.embedding import Embedded
from broker.epoch_check import EpochChecker
from broker.examiner import Examined
from broker.files import read_files
from broker.history.sqlite import SqliteHistory
from broker.rules.cavuoti2024_causal import MIN_EARLIER, Cavuoti2024Causal
from broker.rules.reference_distance import ReferenceDistance
from broker.surveys.ztf import Ztf
from schemas.errors import StampReason
from tests.broker.packets import ztf_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from broker.packet import Packet

DIMENSIONS = 20
STACK = np.full(DIMENSIONS, 2.0, np.float32)


@pytest.fixture
def packet(shared_data: Path) -> Packet:
    """A real one, of which the tests make up the epochs."""
    (one,) = read_files(ztf_files(shared_data)[:1], [Ztf()])
    assert one.packet is not None
    return one.packet


@pytest.fixture
def history(tmp_path: Path) -> Iterator[SqliteHistory]:
    history = SqliteHistory(tmp_path / "history.sqlite")
    yield history
    history.close()


def epochs(packet: Packet, count: int) -> list[Packet]:
    return [replace(packet, epoch_id=str(number), mjd=60000.0 + number) for number in range(count)]


def places(count: int, stack: np.ndarray | None = STACK) -> list[Embedded]:
    random = np.random.default_rng(1)
    science = random.normal(size=(count, DIMENSIONS)).astype(np.float32)
    reason = None if stack is not None else StampReason.MISSING
    distances = [None if stack is None else float(np.linalg.norm(one - stack)) for one in science]
    return [Embedded(one, stack, None, reason, far, 0.0) for one, far in zip(science, distances, strict=True)]


def examined(embedded: Sequence[Embedded]) -> list[Examined]:
    return [Examined(one, fault=None, changed_snr=4.5) for one in embedded]


def check(
    history: SqliteHistory | None, packets: Sequence[Packet], embedded: Sequence[Embedded], digest: str = "d"
) -> list[EpochCheck]:
    return EpochChecker(Cavuoti2024Causal(), history).check(packets, examined(embedded), [digest] * len(packets))


def test_epochs_of_one_batch_see_those_before_them_whatever_their_order(packet: Packet, history: SqliteHistory) -> None:
    packets, embedded = epochs(packet, 8), places(8)
    order = [5, 2, 7, 0, 1, 6, 4, 3]
    checks = check(history, [packets[i] for i in order], [embedded[i] for i in order])
    assert [one.n_epochs for one in checks] == order
    assert [one.state is EpochState.JUDGED for one in checks] == [number >= MIN_EARLIER for number in order]


def test_one_by_one_or_in_batches_or_twice_the_verdicts_are_the_same(packet: Packet, history: SqliteHistory) -> None:
    packets, embedded = epochs(packet, 12), places(12)
    singly = [check(history, [one], [place])[0] for one, place in zip(packets, embedded, strict=True)]
    again = check(history, packets, embedded)  # as after a worker died before its commit
    other = SqliteHistory(None)
    batches = [*check(other, packets[:5], embedded[:5]), *check(other, packets[5:], embedded[5:])]
    other.close()
    assert again == singly == batches
    assert singly[-1].score is not None
    assert singly[-1].reference_distance == embedded[-1].reference_distance


def test_only_the_same_object_band_and_digest_are_compared(packet: Packet, history: SqliteHistory) -> None:
    check(history, epochs(packet, 6), places(6))
    late = replace(packet, epoch_id="late", mjd=70000.0)
    (place,) = places(1)

    def seen(one: Packet, digest: str = "d") -> int:
        return check(history, [one], [place], digest)[0].n_epochs

    assert seen(replace(late, object_id="other")) == 0
    assert seen(replace(late, band="other")) == 0
    assert seen(replace(late, band=None)) == 0
    assert seen(late, "other") == 0
    assert seen(late) == 6


def test_a_packet_sent_again_is_no_neighbour_of_itself(packet: Packet, history: SqliteHistory) -> None:
    packets, embedded = epochs(packet, 6), places(6)
    check(history, packets, embedded)
    moved = replace(packets[3], mjd=70000.0)
    (verdict,) = check(history, [moved], [embedded[3]])
    assert verdict.n_epochs == 5
    assert verdict.score is not None
    assert verdict.score > 0.0


def test_a_copy_of_an_earlier_image_is_at_distance_zero_in_spite_of_half_floats(
    packet: Packet, history: SqliteHistory
) -> None:
    packets, embedded = epochs(packet, 6), places(6)
    check(history, packets, embedded)
    (verdict,) = check(history, [replace(packet, epoch_id="copy", mjd=70000.0)], [embedded[2]])
    assert (verdict.score, verdict.problematic) == (0.0, False)


def test_what_moves_is_neither_stored_nor_compared(packet: Packet, history: SqliteHistory) -> None:
    movers = [replace(one, stored=False) for one in epochs(packet, 6)]
    checks = check(history, movers, places(6))
    assert {(one.state, one.n_epochs, one.reason) for one in checks} == {
        (EpochState.WARMING_UP, 0, "no lasting object, so no earlier epochs")
    }
    assert all(one.reference_distance is not None for one in checks)
    assert check(history, [replace(packet, epoch_id="x", mjd=70000.0)], places(1))[0].n_epochs == 0


def test_without_time_nothing_is_earlier(packet: Packet, history: SqliteHistory) -> None:
    check(history, epochs(packet, 6), places(6))
    (verdict,) = check(history, [replace(packet, mjd=None)], places(1))
    assert (verdict.state, verdict.reason) == (EpochState.WARMING_UP, "no time, so no earlier epochs")


def test_an_image_that_cannot_be_used_leaves_no_row_and_harms_no_other(packet: Packet, history: SqliteHistory) -> None:
    packets, embedded = epochs(packet, 6), places(6)
    embedded[2] = Embedded(None, STACK, StampReason.BLANK, None, None, 1.0)
    checks = check(history, packets, embedded)
    assert checks[2] == EpochCheck(EpochState.UNREADABLE, "cavuoti2024-causal", reason="stamp blank")
    assert [one.n_epochs for one in checks] == [0, 1, 0, 2, 3, 4]


def test_without_reference_an_epoch_is_not_judged_but_remembered(packet: Packet, history: SqliteHistory) -> None:
    checks = check(history, epochs(packet, 3), places(3, None))
    assert {(one.state, one.reason) for one in checks} == {(EpochState.NO_REFERENCE, "reference: stamp missing")}
    assert [one.n_epochs for one in checks] == [0, 1, 2]


def test_without_history_the_distance_stands_alone(packet: Packet) -> None:
    checks = EpochChecker(ReferenceDistance(), None).check(epochs(packet, 6), examined(places(6)), ["d"] * 6)
    assert {(one.state, one.rule, one.score) for one in checks} == {(EpochState.WARMING_UP, "reference-distance", None)}
