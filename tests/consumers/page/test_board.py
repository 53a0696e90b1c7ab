from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.candidates import THRESHOLDS
from consumers.client import compile_expression
from consumers.page.board import FILTERS, Board
from consumers.page.views import VIEWS, history, select, sky
from schemas.errors import ConfigurationError
from schemas.own import pack, unpack
from tests.consumers.client.annotations import START, annotation, classification, judged, novelty


def add(board: Board, number: int, **fields: Any) -> None:
    record = unpack("annotation", pack("annotation", annotation(number, **fields)))
    board.add("sosia.ztf.scores.v1", 0, START, f"ztf/0/{number}", record)


def filled(capacity: int, numbers: list[int]) -> Board:
    board = Board(capacity)
    for number in numbers:
        add(board, number, epoch=judged(number / 10))
    return board


def ids(entries: list[Any]) -> list[int]:
    return [int(entry.annotation["epochId"]) for entry in entries]


def test_only_the_newest_are_held() -> None:
    board = filled(3, [1, 2, 3, 4, 5])
    assert ids(board.entries()) == [5, 4, 3]
    assert board.get("ztf/0/1") is None
    assert board.surveys == ["ztf"]
    assert board.received == 5


class Held(dict[str, Any]):
    """An annotation of which it can be told whether anybody still has it."""


def test_what_is_no_longer_held_is_in_no_answer_either() -> None:
    """A filter that nobody asks any more must not keep it in memory."""
    board = Board(2)
    (entry,) = filled(1, [11]).entries()
    board.add("sosia.ztf.scores.v1", 0, START, "ztf/0/11", Held(entry.annotation))
    annotated = weakref.ref(board.entries()[0].annotation)
    assert len(board.passing("epoch.problematic")) == 1
    for number in (12, 13):
        add(board, number)
    gc.collect()
    assert annotated() is None


def test_what_is_there_already_is_not_taken_again() -> None:
    assert ids(filled(5, [1, 2, 2, 1, 3]).entries()) == [3, 2, 1]


@given(st.integers(1, 8), st.lists(st.one_of(st.integers(0, 40), st.none()), max_size=60))
def test_an_answer_kept_up_to_date_is_that_of_looking_at_all(capacity: int, steps: list[int | None]) -> None:
    board, where = Board(capacity), "epoch.problematic"
    passes = compile_expression(where)
    for step in steps:
        if step is None:
            assert ids(board.passing(where)) == ids([one for one in board.entries() if passes(one.annotation)])
        else:
            add(board, step, epoch=judged(step / 20))


def test_filters_are_forgotten_but_not_their_answers() -> None:
    board = filled(10, list(range(10)))
    for limit in range(2 * FILTERS):
        assert ids(board.passing(f"epoch.score >= 0.5 and epoch.nEpochs < {limit + 4}")) == [9, 8, 7, 6, 5]


def test_a_filter_that_is_none_changes_nothing() -> None:
    board = filled(3, [1])
    with pytest.raises(ConfigurationError):
        board.passing("epoch.scor")
    with pytest.raises(ConfigurationError):
        select(board, "flagged", "epoch.problematic) or (True")


def test_views_show_what_they_say_strongest_first() -> None:
    board = Board(10)
    surest, sure = 1.0, (1 + THRESHOLDS["streak"]) / 2
    add(board, 1, epoch=judged(1.5), classifications=[classification("streak", sure)])
    add(board, 2, epoch=judged(2.5), novelty=[novelty(1e-4)])
    add(board, 3, epoch=judged(0.5), classifications=[classification("streak", surest)], novelty=[novelty(1e-5)])
    add(board, 4, classifications=[classification("lens", THRESHOLDS["lens"] - 0.01), classification("merger", None)])
    shown = {view: ids(select(board, view, order="strongest")) for view in VIEWS}
    assert shown == {"newest": [2, 1, 3, 4], "flagged": [2, 1], "streaks": [3, 1], "lenses": [], "mergers": [],
                     "novel": [3, 2]}  # fmt: skip
    assert ids(select(board, "flagged", "novelty.pValue < 0.5")) == [2]
    assert ids(select(board, "flagged", survey="lsst")) == []


def test_an_objects_epochs_come_in_the_order_of_their_times() -> None:
    board = Board(10)
    for number, mjd in enumerate((3.0, 1.0, None, 2.0)):
        add(board, number, object_id="a", mjd=mjd)
    add(board, 9, object_id="b")
    assert [one["epochId"] for one in history(board, "ztf", "a")] == ["2", "1", "3", "0"]


def test_the_sky_leaves_out_what_has_no_position() -> None:
    board = Board(10)
    add(board, 1, ra=None)
    add(board, 2, epoch=judged(2.0))
    assert sky(board.entries()) == [(1.0, 2.0, True)]


def test_surveys_are_those_of_the_alerts_that_are_held() -> None:
    board = Board(2)
    add(board, 1, survey="lsst")
    add(board, 2)
    assert board.surveys == ["lsst", "ztf"]
    add(board, 3)
    assert board.surveys == ["ztf"]
