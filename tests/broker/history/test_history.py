"""One suite for every store."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.history.history import Epoch, History, Question, Row, Series
from broker.history.opening import open_history
from tests.broker.history.rows import (
    BATCH_EPOCHS,
    BATCH_SERIES,
    embedding,
    epoch,
    rows,
    series,
    write_shares,
    write_until_killed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

SPAWN = multiprocessing.get_context("spawn")
END = 70000.0


@pytest.fixture(params=["sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'history.sqlite'}"
    return str(request.getfixturevalue("redis_server").url)


@pytest.fixture
def digest() -> str:
    """One's own: tests share the server."""
    return uuid.uuid4().hex


@pytest.fixture
def reopen(url: str) -> Iterator[Callable[..., History]]:
    """Opens the store once more, as another worker would."""
    opened: list[History] = []

    def one_more(**options: float) -> History:
        opened.append(open_history(url, **options))
        return opened[-1]

    yield one_more
    for history in opened:
        history.close()


@pytest.fixture
def history(reopen: Callable[..., History]) -> History:
    return reopen()


def ids(history: History, of: Series, before: float = END, but: str = "") -> list[str]:
    (answer,) = history.earlier([Question(of, but, before)])
    return [one.epoch_id for one in answer]


def write(history: History, of: Series, numbers: Iterable[int]) -> None:
    history.append([Row(of, epoch(number)) for number in numbers])


def test_what_is_written_is_read_by_others(reopen: Callable[..., History], digest: str) -> None:
    written = epoch(1, 1280)
    reopen().append([Row(series(digest=digest), written)])
    ((read,),) = reopen().earlier([Question(series(digest=digest), "", END)])
    assert (read.epoch_id, read.mjd) == (written.epoch_id, written.mjd)
    assert read.embedding.dtype == np.float16
    np.testing.assert_array_equal(read.embedding, written.embedding)


def test_an_empty_batch_is_nothing(history: History) -> None:
    history.append([])
    assert history.earlier([]) == []


def test_only_smaller_times_are_earlier_and_never_the_epoch_itself(history: History, digest: str) -> None:
    of = series(digest=digest)
    write(history, of, [1, 2, 3, 4])
    assert ids(history, of, before=epoch(3).mjd) == ["e2", "e1"]
    assert ids(history, of, before=epoch(3).mjd, but="e1") == ["e2"]  # sent again with a corrected time
    assert ids(history, of, before=np.nextafter(epoch(3).mjd, END)) == ["e3", "e2", "e1"]


def test_writing_again_changes_nothing(history: History, digest: str) -> None:
    of = series(digest=digest)
    write(history, of, [1, 2])
    history.append([Row(of, Epoch("e1", epoch(1).mjd, embedding("other")))])
    write(history, of, [2, 1, 1])
    (answer,) = history.earlier([Question(of, "", END)])
    assert [one.epoch_id for one in answer] == ["e2", "e1"]
    np.testing.assert_array_equal(answer[1].embedding, epoch(1).embedding)


def test_the_newest_epochs_are_kept_however_they_arrive(reopen: Callable[..., History], digest: str) -> None:
    history, of = reopen(keep=5), series(digest=digest)
    for number in np.random.default_rng(0).permutation(20).tolist():
        write(history, of, [number])
    assert ids(history, of) == ["e19", "e18", "e17", "e16", "e15"]
    write(history, of, range(20))
    assert ids(history, of) == ["e19", "e18", "e17", "e16", "e15"]


def test_by_default_64_epochs_are_kept(history: History, digest: str) -> None:
    write(history, series(digest=digest), range(100))
    assert len(ids(history, series(digest=digest))) == 64


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Series("a", "b", "c", ""), Series("a", "bc", "", "")),
        (Series("a", "b:1", "c", ""), Series("a", "b", "1:c", "")),
        (Series("a", "1:b", "", ""), Series("a1:", "b", "", "")),
        (Series("a", "b|c", "", ""), Series("a", "b", "c|", "")),
        (Series("a", "b}", "", ""), Series("a", "b", "}", "")),
        (Series("a", "b\0", "", ""), Series("a", "b", "", "")),
        (Series("a", "B", "", ""), Series("a", "b", "", "")),
        (Series("a", "1", "", ""), Series("a", "01", "", "")),
        (Series("a", "b' OR '1'='1", "", ""), Series("a", "b", "", "")),
    ],
)
def test_no_text_makes_two_keys_one(history: History, digest: str, one: Series, other: Series) -> None:
    one, other = (Series(key.survey, key.object_id, key.band, key.digest + digest) for key in (one, other))
    write(history, one, [1])
    write(history, other, [2])
    assert (ids(history, one), ids(history, other)) == (["e1"], ["e2"])


def test_a_series_that_nothing_was_written_to_expires(reopen: Callable[..., History], digest: str) -> None:
    old, new = series("old", digest=digest), series("new", digest=digest)
    history = reopen(expiry_s=2.0)  # far longer than what is asked after the wait takes
    write(history, old, [1])
    deadline = time.monotonic() + 60.0
    while ids(history, old):
        write(history, new, [2])
        assert time.monotonic() < deadline, "it does not expire"
    assert ids(history, new) == ["e2"]
    write(history, old, [3])
    assert ids(history, old) == ["e3"]  # what had expired does not come back


TEXT = st.text(st.sampled_from("ab:{}|'\0é"), max_size=3)
SERIES = st.builds(Series, TEXT, TEXT, TEXT, TEXT)
EPOCHS = st.builds(
    lambda name, mjd: Epoch(name, mjd, embedding(f"{name} {mjd}", 2)),
    TEXT,
    st.floats(-1e5, 1e5) | st.sampled_from([-0.0, 0.0, 1.0, 2.0]),
)
BATCHES = st.lists(st.lists(st.builds(Row, SERIES, EPOCHS), max_size=12), max_size=6)
KEPT = 3


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), batches=BATCHES)
def test_it_behaves_as_a_dictionary(
    reopen: Callable[..., History], data: st.DataObject, batches: list[list[Row]]
) -> None:
    history, unique = reopen(keep=KEPT), uuid.uuid4().hex
    model: dict[Series, dict[str, Epoch]] = {}
    for batch in batches:
        mine = [
            Row(Series(r.series.survey, r.series.object_id, r.series.band, r.series.digest + unique), r.epoch)
            for r in batch
        ]
        history.append(mine)
        for row in mine:
            model.setdefault(row.series, {}).setdefault(row.epoch.epoch_id, row.epoch)
        for of, kept in model.items():
            newest = sorted(kept.values(), key=lambda one: (one.mjd, one.epoch_id))[-KEPT:]
            model[of] = {one.epoch_id: one for one in newest}
    questions = [
        Question(of, data.draw(TEXT), data.draw(st.sampled_from([one.mjd for one in kept.values()] + [END * 2])))
        for of, kept in model.items()
    ]
    for question, answer in zip(questions, history.earlier(questions), strict=True):
        kept = model[question.series].values()
        before = [one for one in kept if one.mjd < question.mjd and one.epoch_id != question.epoch_id]
        before.sort(key=lambda one: (one.mjd, one.epoch_id), reverse=True)
        assert [(one.epoch_id, one.mjd, one.embedding.tobytes()) for one in answer] == [
            (one.epoch_id, one.mjd, one.embedding.tobytes()) for one in before
        ]


def test_processes_that_write_at_once_lose_nothing(url: str, reopen: Callable[..., History], digest: str) -> None:
    """They also make the file at once."""
    writers = [SPAWN.Process(target=write_shares, args=(url, digest, start, 3, 60)) for start in (0, 1, 2, 0)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(180.0)
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    assert ids(reopen(), series(digest=digest)) == [f"e{number}" for number in reversed(range(60))]


@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_writer_killed_in_mid_batch_leaves_whole_series(
    url: str, reopen: Callable[..., History], digest: str, after: int
) -> None:
    told, done = SPAWN.Pipe(duplex=False)
    writer = SPAWN.Process(target=write_until_killed, args=(url, digest, done))
    writer.start()
    done.close()
    while told.recv() < after:
        pass
    writer.kill()
    writer.join()
    last = after
    while told.poll():
        try:
            last = told.recv()
        except EOFError:
            break
    history = reopen()
    counts = [
        [len(ids(history, series(f"{number}-{one}", digest=digest))) for one in range(BATCH_SERIES)]
        for number in range(last + 3)
    ]
    assert counts[: last + 1] == [[BATCH_EPOCHS] * BATCH_SERIES] * (last + 1)  # what was acknowledged is there
    assert {count for batch in counts for count in batch} <= {0, BATCH_EPOCHS}  # and nothing is there in part
    again = [Row(series(row.series.object_id, digest=digest), row.epoch) for row in rows(last + 1)]
    history.append(again)  # as the worker that takes over does
    assert {len(answer) for answer in history.earlier([Question(row.series, "", END) for row in again])} == {
        BATCH_EPOCHS
    }
