"""Packets out of files: no Kafka, one alert or several a file; `broker.inputs` has what is not Avro."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.inputs.payloads import payloads
from broker.reader import Reader
from schemas.errors import ConfigurationError, SchemaSourceDownError, SosiaError, UnreadableError
from schemas.source import FolderSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from broker.packet import Packet
    from broker.surveys.survey import Survey

_SUFFIX = ".avro"
_SCHEMA_FOLDER = "schema"
#: A packet has 0.3 MB; a file of several has more, and this much fits into memory.
_LARGEST_FILE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class FilePacket:
    """One alert of a file, or why there is none.

    Attributes
    ----------
    file : Path
        Where it was looked for.
    packet : Packet or None
        The alert.
    error : SosiaError or None
        What made it unreadable.
    """

    file: Path
    packet: Packet | None = None
    error: SosiaError | None = None


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return the files of some paths: files as they are, folders recursively for their ``.avro`` files, sorted."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob(f"*{_SUFFIX}")) if path.is_dir() else [path]
    return found


def read_files(files: Iterable[Path], surveys: Sequence[Survey], schemas: Path | None = None) -> Iterator[FilePacket]:
    """Read the alerts of some files.

    Parameters
    ----------
    files : iterable of Path
        Avro, FITS, PNG, JPEG or Parquet. Whatever cannot be read yields an error in its place.
    surveys : sequence of Survey
        Whose alerts they may hold.
    schemas : Path, optional
        Folder of the schemas of wire-format records; by default the folder
        ``schema`` beside the file, or beside the file's folder.
    """
    readers: dict[Path | None, Reader] = {}
    for file in files:
        folder = schemas or _schemas_beside(file)
        if folder not in readers:
            readers[folder] = Reader(surveys, FolderSource(folder) if folder else None)
        try:
            if file.stat().st_size > _LARGEST_FILE:
                raise OSError(None, "is larger than 1 GB; split it")
            for payload in payloads(file):
                yield from _packets(file, readers[folder], payload)
        except OSError as error:
            yield FilePacket(file, error=SosiaError(f"cannot be read: {error.strerror or error}"))
        except (ConfigurationError, SchemaSourceDownError):
            raise
        except SosiaError as error:
            yield FilePacket(file, error=error.kept())


def _packets(file: Path, reader: Reader, payload: bytes) -> Iterator[FilePacket]:
    try:
        for packet in reader.read_all(payload):
            yield FilePacket(file, packet)
    except UnreadableError as error:
        yield FilePacket(file, error=error.kept())


def _schemas_beside(file: Path) -> Path | None:
    folder = file.resolve().parent
    return next((beside for place in (folder, folder.parent) if (beside := place / _SCHEMA_FOLDER).is_dir()), None)
