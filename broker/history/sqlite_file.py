"""The history's file as a file: made whole or not at all, and set aside where it is damaged; nothing is ever deleted.

A file's version tells whether it lacks rows that are still to be written into it. Whoever finds damage, at opening or
later on, leaves a note beside the file, so that the next one to open it knows without finding the place again.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

#: Raised with every change of the tables or of the rows' bytes; negative in a file that is still being filled.
VERSION = 1
#: "Sosi": tells our files from other programs'.
APPLICATION = 0x536F7369
#: Three rows of 1280 half floats fill it; of the usual 4 kB one row would leave a third empty.
PAGE_BYTES = 8192

TABLES = f"""
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
    PRAGMA application_id = {APPLICATION};
"""
#: The file itself, and what SQLite keeps beside it.
_PARTS = ("-wal", "-shm", "")


def create(path: Path, version: int = VERSION) -> None:
    """Make an empty one where there is none, under another name first: nobody ever sees half of it."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(number)
    new = Path(name)
    try:
        database = sqlite3.connect(new)
        try:
            database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(f"{TABLES} PRAGMA user_version = {version};")
        finally:
            database.close()
        new.chmod(0o644)
        path.hardlink_to(new)
    except FileExistsError:
        return  # another worker was faster
    finally:
        new.unlink()


def identity(path: Path) -> tuple[int, int] | None:
    """Tell one file from another of the same name; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def note_damage(path: Path, what: str) -> None:
    """Leave word that the file is damaged."""
    with suppress(OSError):  # the damage is told anyway
        _note(path).write_text(f"{what}\n", encoding="utf-8")


def noted_damage(path: Path) -> str | None:
    """Return what is known of the file's damage."""
    try:
        return _note(path).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def set_aside(path: Path) -> None:
    """Give a damaged file the name ``<its own>.damaged-<time>``, and put one in its place that is still to be filled.

    Workers that do so at the same time do it once. Killed in the middle, it is done again: the note goes last.
    """
    note = _note(path)
    try:
        with note.open("rb") as mine:
            fcntl.flock(mine, fcntl.LOCK_EX)
            if not note.exists():
                return  # another worker was faster
            name = f"{note.name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
            for part in _PARTS:
                with suppress(FileNotFoundError):  # a file that was closed in order stands alone
                    path.with_name(path.name + part).rename(path.with_name(name + part))
            create(path, -VERSION)
            note.unlink()
    except FileNotFoundError:
        return  # as above


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged")
