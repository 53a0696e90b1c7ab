from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pytest

from broker.history.history import Epoch, Question, Row
from broker.history.sqlite import PAGE_BYTES, VERSION, SqliteHistory
from schemas.errors import HistoryError
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
    message = refused(path)
    assert str(path) in message
    assert "is damaged" in message
    assert f"move {path} away, with its -wal and -shm files" in message


def test_a_damaged_page_is_told(path: Path) -> None:
    for page in range(2, path.stat().st_size // PAGE_BYTES):
        damaged = path.with_suffix(f".{page}")
        shutil.copy(path, damaged)
        overwrite(damaged, PAGE_BYTES * page, b"\xa5" * PAGE_BYTES)
        assert "is damaged" in refused(damaged)


def test_a_single_wrong_bit_in_an_embedding_is_told(path: Path) -> None:
    content = path.read_bytes()
    overwrite(path, content.index(epoch(7, 1280).embedding.tobytes()[:64]) + 9, b"\x55")
    assert "the row of epoch 'e7' is not what was written" in refused(path)


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
