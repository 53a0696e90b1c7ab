"""The history in one SQLite file, for all the workers of one machine.

- Write-ahead log: workers read while one of them writes; a writer waits for another.
- ``synchronous=FULL``: a batch's rows are on the disk before its Kafka commit, also where the power fails. It costs
  one flush a batch, some milliseconds beside the batch's inference; ``NORMAL`` could lose rows whose alerts are
  committed, and would never get them again.
- A process that is killed in mid-batch leaves nothing of that batch behind.
- Damage is looked for at opening, and told then or when it is met. Rows bear checksums; SQLite's pages do not.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from broker.history.embedding_bytes import pack, unpack
from broker.history.history import KEPT_EPOCHS
from broker.history.sqlite_file import (
    APPLICATION,
    TABLES,
    VERSION,
    create,
    identity,
    note_damage,
    noted_damage,
    set_aside,
)
from schemas.errors import HistoryError, LostHistoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from broker.history.history import Epoch, Question, Row, Series

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
#: How long the check at opening may take [s]: it reads 2 GB a second from memory, and else what the disk gives.
_CHECK_S = 10.0
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
    filling : bool
        Open also one that is still to be filled; see `renewed`.

    Raises
    ------
    LostHistoryError
        The file is damaged, or still to be filled.
    HistoryError
        It cannot be opened, is another program's or of another version.
    """

    def __init__(
        self,
        path: Path | None,
        keep: int = KEPT_EPOCHS,
        expiry_s: float | None = None,
        clock: Callable[[], float] = time.time,
        *,
        filling: bool = False,
    ) -> None:
        self._path = path
        self._name = str(path or "temporary history")
        self._keep = keep
        self._expiry_s = expiry_s
        self._clock = clock
        self._filling = filling
        with self._told():
            if path is not None and noted_damage(path) is None and not path.exists():
                create(path)
            self._open()

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
            self._follow()
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

    def filled(self) -> None:
        """Tell everybody that nothing is missing any more."""
        with self._told():
            self._database.execute(f"PRAGMA user_version = {VERSION}")

    def _open(self) -> None:
        if self._path is not None and (damage := noted_damage(self._path)) is not None:
            raise self._lost(damage)
        file = None if self._path is None else identity(self._path)
        # Opened by the main thread, used by the one for inference; never by both at once.
        self._database = sqlite3.connect(
            self._path or "", timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
        )
        try:
            if self._path is None:
                self._database.executescript(f"{TABLES} PRAGMA user_version = {VERSION};")
            self._check_version()
            self._look_for_damage()
        except BaseException:
            self._database.close()
            raise
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._file = file

    def _follow(self) -> None:
        """Go over to the file that took the place of this one, where another worker found this one damaged."""
        if self._path is None or (there := identity(self._path)) == self._file:
            return
        if there is None:
            raise HistoryError(f"{self._name}: is gone; put it back, or start the worker again to begin a new one")
        self._database.close()
        self._open()

    def _deadline(self) -> float:
        """Return the moment before which nothing counts."""
        return -1.0 if self._expiry_s is None else self._clock() - self._expiry_s

    def _check_version(self) -> None:
        """Refuse what would be misread."""
        ((application,),) = self._database.execute("PRAGMA application_id").fetchall()
        ((version,),) = self._database.execute("PRAGMA user_version").fetchall()
        if application != APPLICATION:
            raise HistoryError(f"{self._name}: is not a history file of Sosia's; name another one in history.url")
        if version == -VERSION and not self._filling:
            raise LostHistoryError(f"{self._name}: took the place of a damaged one, and is not yet filled")
        if abs(version) != VERSION:
            raise HistoryError(
                f"{self._name}: has version {version} where this Sosia reads version {VERSION}; "
                f"name another file in history.url, or run the Sosia that wrote it"
            )

    def _look_for_damage(self) -> None:
        """Read all the pages, or as many as there is time for; what the rows hold is checked when they are read."""
        patience = threading.Timer(_CHECK_S, self._database.interrupt)
        patience.start()
        try:
            ((found,),) = self._database.execute("PRAGMA quick_check(1)").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
        else:
            if found != "ok":
                raise HistoryError(found)
        finally:
            patience.cancel()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Take the write lock at once: one that is asked for later can fail although everybody is patient."""
        self._follow()
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
        try:
            yield
        except HistoryError as error:
            if str(error).startswith(self._name):
                raise
            raise self._damaged(error) from error
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _DAMAGED:
                raise self._damaged(error) from error
            raise HistoryError(f"{self._name}: {error}; see to the disk's space, rights and other users") from error
        except OSError as error:
            raise HistoryError(
                f"{self._name}: {error.strerror}; name a file in a folder that can be written"
            ) from error

    def _damaged(self, error: Exception) -> LostHistoryError:
        if self._path is not None:
            note_damage(self._path, str(error))
        return self._lost(str(error))

    def _lost(self, why: str) -> LostHistoryError:
        return LostHistoryError(
            f"{self._name}: is damaged: {why}; a worker's start moves it to {self._name}.damaged-TIME and rebuilds it"
        )


@contextmanager
def renewed(path: Path, keep: int = KEPT_EPOCHS, expiry_s: float | None = None) -> Iterator[SqliteHistory]:
    """Open a file in order to write again what it lost.

    A damaged one is set aside first. The one that takes its place opens for nobody else until the block under
    ``with`` has ended without an error.
    """
    try:
        history = SqliteHistory(path, keep, expiry_s, filling=True)
    except LostHistoryError:
        set_aside(path)
        history = SqliteHistory(path, keep, expiry_s, filling=True)
    try:
        yield history
        history.filled()
    finally:
        history.close()
