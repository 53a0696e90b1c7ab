from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from broker.history.history import Epoch, Question, Row
from broker.history.sqlite import SqliteHistory, renewed
from broker.history.sqlite_file import PAGE_BYTES, VERSION
from schemas.errors import HistoryError, LostHistoryError
from tests.broker.history.rows import epoch, series

if TYPE_CHECKING:
    from pathlib import Path

ALL = Question(series(), "", np.inf)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history of 30 epochs, closed."""
    path = tmp_path / "history.sqlite"
    history = SqliteHistory(path)
    history.append([Row(series(), epoch(number, 1280)) for number in range(30)])
    history.close()
    return path


def refused(path: Path) -> str:
    """What reading the file says."""
    with pytest.raises(HistoryError) as caught:
        read(path)
    return str(caught.value)


def read(path: Path) -> list[Epoch]:
    history = SqliteHistory(path)
    try:
        (answer,) = history.earlier([ALL])
        history.append([Row(series(), epoch(31, 1280))])
    finally:
        history.close()
    return answer


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_a_file_that_is_no_database_is_named_with_the_mend(path: Path) -> None:
    overwrite(path, 0, bytes(100))
    assert refused(path).startswith(f"{path}: is damaged: file is not a database; a worker's start moves it to ")


def test_a_damaged_page_is_told(path: Path) -> None:
    for page in range(2, path.stat().st_size // PAGE_BYTES):
        damaged = path.with_suffix(f".{page}")
        shutil.copy(path, damaged)
        overwrite(damaged, PAGE_BYTES * page, b"\xa5" * PAGE_BYTES)
        with pytest.raises(LostHistoryError, match="is damaged"):
            SqliteHistory(damaged)


def test_a_single_wrong_bit_in_an_embedding_is_told(path: Path) -> None:
    content = path.read_bytes()
    overwrite(path, content.index(epoch(7, 1280).embedding.tobytes()[:64]) + 9, b"\x55")
    assert "the row of epoch 'e7' is not what was written" in refused(path)
    with pytest.raises(LostHistoryError, match="'e7' is not what was written"):
        SqliteHistory(path)  # whoever comes next knows without reading it


def test_a_truncated_file_is_told(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(PAGE_BYTES * 3 + 100)
    assert "is damaged" in refused(path)


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_another_version_is_refused(path: Path, version: int) -> None:
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()
    assert f"{path}: has version {version} where this Sosia reads version {VERSION}" in refused(path)


def test_another_program_s_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE photos (id)")
    database.close()
    assert f"{path}: is not a history file of Sosia's" in refused(path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "history.sqlite"
    assert f"{path}: No such file or directory" in refused(path)


def test_a_new_file_leaves_nothing_else_behind(path: Path) -> None:
    assert list(path.parent.iterdir()) == [path]


def test_the_file_is_in_write_ahead_mode_and_every_batch_is_flushed(path: Path) -> None:
    history = SqliteHistory(path)
    assert history._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert history._database.execute("PRAGMA synchronous").fetchone() == (2,)
    history.close()


def test_a_temporary_history_is_nobody_else_s() -> None:
    one, other = SqliteHistory(None), SqliteHistory(None)
    one.append([Row(series(), epoch(1))])
    assert [len(answer) for answer in one.earlier([ALL])] == [1]
    assert other.earlier([ALL]) == [[]]
    one.close()
    other.close()


def test_expired_series_leave_the_file(path: Path) -> None:
    now = 1e9
    history = SqliteHistory(path, expiry_s=100.0, clock=lambda: now)
    history.append([Row(series("new"), epoch(1))])
    now = 3e9
    history.append([Row(series("newest"), epoch(1))])
    assert history._database.execute("SELECT object_id FROM series").fetchall() == [("newest",)]
    assert history._database.execute("SELECT count(*) FROM epoch").fetchone() == (1,)
    history.close()


@pytest.fixture
def damaged(path: Path) -> Path:
    """The same, and half of a page is gone."""
    overwrite(path, PAGE_BYTES * 5, bytes(PAGE_BYTES // 2))
    with pytest.raises(LostHistoryError):
        SqliteHistory(path)
    return path


def names(path: Path) -> set[str]:
    """The files beside it, less the times in their names."""
    return {one.name.partition("-2")[0] for one in path.parent.iterdir()}


def test_a_damaged_file_is_set_aside_as_it_is_and_filled_anew(damaged: Path) -> None:
    content = damaged.read_bytes()
    with renewed(damaged) as history:
        history.append([Row(series(), epoch(number, 1280)) for number in range(3)])
    assert [one.epoch_id for one in read(damaged)] == ["e2", "e1", "e0"]
    assert names(damaged) == {"history.sqlite", "history.sqlite.damaged"}
    (aside,) = damaged.parent.glob("*.damaged-*")
    assert aside.read_bytes() == content


def test_what_is_not_yet_filled_opens_for_nobody_else(damaged: Path) -> None:
    def interrupted() -> None:
        with renewed(damaged) as history:
            history.append([Row(series(), epoch(1))])
            assert "is not yet filled" in refused(damaged)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        interrupted()
    assert "is not yet filled" in refused(damaged)
    with renewed(damaged) as history:  # goes on with what is there
        assert [len(answer) for answer in history.earlier([ALL])] == [1]
    assert len(read(damaged)) == 1
    assert len(list(damaged.parent.glob("*.damaged-*"))) == 1


def test_a_sound_file_stays_where_it_is(path: Path) -> None:
    with renewed(path) as history:
        history.append([Row(series(), epoch(30, 1280))])
    assert len(read(path)) == 31
    assert list(path.parent.iterdir()) == [path]


def test_a_worker_that_has_the_damaged_file_open_goes_over_to_the_new_one(path: Path) -> None:
    other = SqliteHistory(path)
    other.append([Row(series(), epoch(40, 1280))])  # stands in the write-ahead log
    overwrite(path, PAGE_BYTES * 4, bytes(PAGE_BYTES * 5))
    with pytest.raises(LostHistoryError):
        SqliteHistory(path)
    with renewed(path) as history:
        history.append([Row(series(), epoch(1, 1280))])
        with pytest.raises(LostHistoryError, match="is not yet filled"):
            other.append([Row(series(), epoch(2, 1280))])
        with pytest.raises(LostHistoryError, match="is not yet filled"):
            other.earlier([ALL])
        other.close()  # would take the new file's write-ahead log for its own, had SQLite no eye on that
        history.append([Row(series(), epoch(3, 1280))])
    other.append([Row(series(), epoch(4, 1280))])
    other.close()
    assert [one.epoch_id for one in read(path)] == ["e4", "e3", "e1"]
    with sqlite3.connect(next(path.parent.glob("*.damaged-*Z"))) as aside:
        assert aside.execute("SELECT count(*) FROM epoch WHERE epoch_id = 'e40'").fetchone() == (1,)
    aside.close()


def test_workers_that_find_the_damage_at_once_set_it_aside_once(damaged: Path) -> None:
    def renew(number: int) -> None:
        with renewed(damaged) as history:
            history.append([Row(series(), epoch(number, 1280))])

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(renew, range(4)))
    assert len(list(damaged.parent.glob("*.damaged-*Z"))) == 1
    assert len(read(damaged)) == 4


def test_a_file_that_vanished_is_missed(path: Path) -> None:
    history = SqliteHistory(path)
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(HistoryError, match="is gone; put it back"):
        history.append([Row(series(), epoch(31))])
    path.with_name("elsewhere").rename(path)
    history.append([Row(series(), epoch(31, 1280))])
    history.close()
    assert len(read(path)) == 31
