"""The records of a file, whatever its format: told by its first bytes, never by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONTAINER, _WIRE, _PARQUET = b"Obj\x01", b"\0", b"PAR1"
_FITS = (b"SIMPLE  =", b"\x1f\x8b")
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def holds_alerts(file: Path) -> bool:
    """Whether a file is Avro or Parquet, and so no image.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    return _start(file).startswith((_CONTAINER, _WIRE, _PARQUET))


def payloads(file: Path) -> Iterator[bytes]:
    """Yield what `schemas.framing.Unframer` reads of a file: an Avro file as it is, else a container a record.

    Raises
    ------
    OSError
        The file cannot be read.
    SosiaError
        It is damaged.
    ConfigurationError
        It takes a package that is not installed.
    """
    start = _start(file)
    if start.startswith(_PARQUET):
        from broker.inputs.parquet import rows

        yield from rows(file)
    elif start.startswith(_FITS):
        from broker.inputs.images import fits_stamp

        yield fits_stamp(file)
    elif start.startswith(_PICTURES):
        from broker.inputs.images import picture_stamp

        yield picture_stamp(file)
    else:
        yield file.read_bytes()


def _start(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(9)
