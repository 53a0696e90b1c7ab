"""The history in one SQLite file, for all the workers of one machine.

- Write-ahead log: workers read while one of them writes; a writer waits for another.
- ``synchronous=FULL``: a batch's rows are on the disk before its Kafka commit, also where the power fails. It costs
  one flush a batch, some milliseconds beside the batch's inference; ``NORMAL`` could lose rows whose alerts are
  committed, and would never get them again.
- A process that is killed in mid-batch leaves nothing of that batch behind.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from broker.history.embedding_bytes import pack, unpack
from broker.history.history import KEPT_EPOCHS
from schemas.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from broker.history.history import Epoch, Question, Row, Series

#: Raised with every change of the tables or of the rows' bytes.
VERSION = 1
#: "Sosi": tells our files from other programs'.
_APPLICATION = 0x536F7369

#: Three rows of 1280 half floats fill it; of the usual 4 kB one row would leave a third empty.
PAGE_BYTES = 8192

_TABLES = f"""
    CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        survey TEXT NOT NULL, object_id TEXT NOT NULL, band TEXT NOT NULL, digest TEXT NOT NULL,
        written REAL NOT NULL,
        UNIQUE (survey, object_id, band, digest)
    ) STRICT;
    CREATE INDEX by_age ON series (written);
    CREATE TABLE epoch (
        series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
        epoch_id TEXT NOT NULL, mjd REAL NOT NULL, embedding BLOB NOT NULL,
        PRIMARY KEY (series, epoch_id)
    ) STRICT;
    PRAGMA application_id = {_APPLICATION};
    PRAGMA user_version = {VERSION};
"""
_FORGET_ONE = "DELETE FROM series WHERE survey = ? AND object_id = ? AND band = ? AND digest = ? AND written <= ?"
_FORGET_SOME = "DELETE FROM series WHERE id IN (SELECT id FROM series WHERE written <= ? LIMIT 1000)"
_TOUCH = """
    INSERT INTO series (survey, object_id, band, digest, written) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET written = max(written, excluded.written) RETURNING id
"""
_WRITE = "INSERT INTO epoch (series, epoch_id, mjd, embedding) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_TRIM = """
    DELETE FROM epoch WHERE rowid IN (
        SELECT rowid FROM epoch WHERE series = ? ORDER BY mjd DESC, epoch_id DESC LIMIT -1 OFFSET ?
    )
"""
_EARLIER = """
    SELECT epoch_id, mjd, embedding FROM epoch JOIN series ON series.id = epoch.series
    WHERE survey = ? AND object_id = ? AND band = ? AND digest = ? AND written > ? AND epoch_id <> ? AND mjd < ?
    ORDER BY mjd DESC, epoch_id DESC
"""

#: How long a writer waits for another one [s].
_PATIENCE_S = 30.0
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY_CODE = 0xFF


class SqliteHistory:
    """A `History` in a file.

    Parameters
    ----------
    path : path or None
        The file, made where there is none; None: one that nobody else sees and that ends with this object, in
        memory as long as it fits into a small cache.
    keep : int
        Epochs kept of a series.
    expiry_s : float or None
        A series to which nothing was written for so long is forgotten [s].
    clock : callable
        Seconds since 1970.

    Raises
    ------
    HistoryError
        The file cannot be opened, is damaged, another program's or of another version.
    """

    def __init__(
        self,
        path: Path | None,
        keep: int = KEPT_EPOCHS,
        expiry_s: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = str(path or "temporary history")
        self._keep = keep
        self._expiry_s = expiry_s
        self._clock = clock
        with self._told():
            if path is not None and not path.exists():
                _create(path)
            # Opened by the main thread, used by the one for inference; never by both at once.
            self._database = sqlite3.connect(
                path or "", timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
            )
            try:
                if path is None:
                    self._database.executescript(_TABLES)
                self._check()
            except BaseException:
                self._database.close()
                raise
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("PRAGMA foreign_keys = ON")

    def append(self, rows: Sequence[Row]) -> None:
        """Write a batch; see `History`."""
        if not rows:
            return
        by_series: dict[Series, list[Epoch]] = defaultdict(list)
        for row in rows:
            by_series[row.series].append(row.epoch)
        now, deadline = self._clock(), self._deadline()
        with self._told(), self._transaction() as database:
            for series, epochs in by_series.items():
                key = (series.survey, series.object_id, series.band, series.digest)
                database.execute(_FORGET_ONE, (*key, deadline))
                ((number,),) = database.execute(_TOUCH, (*key, now)).fetchall()
                database.executemany(_WRITE, [(number, one.epoch_id, one.mjd, pack(one)) for one in epochs])
                database.execute(_TRIM, (number, self._keep))
            database.execute(_FORGET_SOME, (deadline,))

    def earlier(self, questions: Sequence[Question]) -> list[list[Epoch]]:
        """Answer a batch of questions; see `History`."""
        deadline = self._deadline()
        with self._told():
            return [
                [unpack(*row) for row in self._database.execute(_EARLIER, (
                    one.series.survey, one.series.object_id, one.series.band, one.series.digest,
                    deadline, one.epoch_id, one.mjd,
                ))]
                for one in questions
            ]  # fmt: skip

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _deadline(self) -> float:
        """Return the moment before which nothing counts."""
        return -1.0 if self._expiry_s is None else self._clock() - self._expiry_s

    def _check(self) -> None:
        """Refuse what would be misread."""
        ((application,),) = self._database.execute("PRAGMA application_id").fetchall()
        ((version,),) = self._database.execute("PRAGMA user_version").fetchall()
        if application != _APPLICATION:
            raise HistoryError(f"{self._name}: is not a history file of Sosia's; name another one in history.url")
        if version != VERSION:
            raise HistoryError(
                f"{self._name}: has version {version} where this Sosia reads version {VERSION}; "
                f"name another file in history.url, or run the Sosia that wrote it"
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Take the write lock at once: one that is asked for later can fail although everybody is patient."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite says into what an operator can do."""
        mend = (
            f"move {self._name} away, with its -wal and -shm files, and start again: the history grows anew, "
            "or copy one from a backup"
        )
        try:
            yield
        except HistoryError as error:
            if str(error).startswith(self._name):
                raise
            raise HistoryError(f"{self._name}: is damaged: {error}; {mend}") from error
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _DAMAGED:
                raise HistoryError(f"{self._name}: is damaged: {error}; {mend}") from error
            raise HistoryError(f"{self._name}: {error}; see to the disk's space, rights and other users") from error
        except OSError as error:
            raise HistoryError(
                f"{self._name}: {error.strerror}; name a file in a folder that can be written"
            ) from error


def _create(path: Path) -> None:
    """Make the file under another name first: workers that start at the same time never see half of it."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(number)
    new = Path(name)
    try:
        database = sqlite3.connect(new)
        try:
            database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(_TABLES)
        finally:
            database.close()
        new.chmod(0o644)
        path.hardlink_to(new)
    except FileExistsError:
        return  # another worker was faster
    finally:
        new.unlink()
