"""Annotate files: the broker's steps in a row, without Kafka."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track

from broker.annotation import Annotation, to_json
from broker.files import find_files, read_files
from consumers.assembly import open_annotator, open_surveys, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from broker.annotator import Annotator
    from broker.files import FilePacket
    from consumers.settings import Settings
    from schemas.errors import SosiaError


@dataclass(frozen=True, slots=True)
class FileAnnotation:
    """The annotation of one alert of a file, or why there is none."""

    file: Path
    annotation: Annotation | None = None
    error: SosiaError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``sosia annotate --json`` prints: `file`, and either the annotation's fields or `error`."""
        if self.annotation is None:
            return {"file": str(self.file), "error": str(self.error)}
        return {"file": str(self.file), **to_json(self.annotation)}


def annotate_files(
    paths: Sequence[Path], settings: Settings, *, survey: str | None = None, schemas: Path | None = None
) -> Iterator[FileAnnotation]:
    """Annotate all the alerts of some files, with a progress bar on a terminal.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders with ``.avro`` files in them.
    settings : Settings
        Its sections ``backbone``, ``input`` and ``registry``.
    survey : str, optional
        Read only this survey's alerts.
    schemas : Path, optional
        Folder of the schemas of wire-format packets.

    Yields
    ------
    FileAnnotation
        In the order of the files; what cannot be read has its error in its place.
    """
    names = [survey] if survey else ["ztf", "lsst", *(one.survey for one in settings.input.surveys), "stamps"]
    found = read_files(
        _with_progress(find_files(paths)), open_surveys(dict.fromkeys(names)), schemas or settings.registry.schemas
    )
    annotator = open_annotator(settings.backbone)
    while batch := list(islice(found, settings.worker.batch_size)):
        yield from _annotated(batch, annotator)


def _annotated(batch: Sequence[FilePacket], annotator: Annotator) -> Iterator[FileAnnotation]:
    packets = [one.packet for one in batch if one.packet is not None]
    annotations = iter(annotator.annotate(packets, [utc_now()] * len(packets)) if packets else ())
    for one in batch:
        if one.packet is None:
            yield FileAnnotation(one.file, error=one.error)
        else:
            yield FileAnnotation(one.file, annotation=next(annotations))


def _with_progress(files: Sequence[Path]) -> Iterable[Path]:
    console = Console(stderr=True)
    return track(files, "Annotating", console=console) if console.is_terminal else files
