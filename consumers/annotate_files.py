"""Annotate files: the broker's steps in a row, without Kafka."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track

from broker.annotation import Annotation, to_json
from broker.files import find_files
from broker.history.sqlite import SqliteHistory
from broker.novelty.judging import NoveltyJudge
from broker.novelty.versions import open_all
from broker.time_order import find_places, read_places
from consumers.assembly import choose_rule, open_annotator, open_surveys, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from broker.annotator import Annotator
    from broker.files import FilePacket
    from broker.time_order import Place
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
    """Annotate all the alerts of some files in the order in which they were taken, as the stream would judge them.

    What the alerts tell of their objects is kept for the call, and only for it. On a terminal there is a progress bar.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders with ``.avro`` files in them.
    settings : Settings
        Its sections ``backbone``, ``classifiers``, ``epoch``, ``history`` (how much is kept), ``index`` (its ``cache``,
        where there is one, judges novelty), ``input`` and ``registry``.
    survey : str, optional
        Read only this survey's alerts.
    schemas : Path, optional
        Folder of the schemas of wire-format packets.

    Yields
    ------
    FileAnnotation
        What cannot be read first, with its error; then in time order.
    """
    names = [survey] if survey else ["ztf", "lsst", *(one.survey for one in settings.input.surveys), "stamps"]
    surveys, schemas = open_surveys(dict.fromkeys(names), settings.input.surveys), schemas or settings.registry.schemas
    places, unreadable = find_places(find_files(paths), surveys, schemas)
    yield from (FileAnnotation(one.file, error=one.error) for one in unreadable)
    if not places:
        return
    with closing(SqliteHistory(None, settings.history.epochs)) as history:
        rule = choose_rule(settings.epoch, history)
        annotator = open_annotator(settings.backbone, rule, history, settings.classifiers)
        if settings.index.cache is not None:
            versions = open_all(settings.index.cache)
            annotator.novelty = NoveltyJudge(lambda: versions, reference=settings.index.reference)
        found = read_places(_with_progress(places), surveys, schemas)
        while batch := list(islice(found, settings.worker.batch_size)):
            yield from _annotated(batch, annotator)


def _annotated(batch: Sequence[FilePacket], annotator: Annotator) -> Iterator[FileAnnotation]:
    packets = [one.packet for one in batch if one.packet is not None]
    findings = iter(annotator.annotate(packets, [utc_now()] * len(packets)) if packets else ())
    for one in batch:
        if one.packet is None:
            yield FileAnnotation(one.file, error=one.error)
        else:
            yield FileAnnotation(one.file, annotation=next(findings).annotation)


def _with_progress(places: Sequence[Place]) -> Iterable[Place]:
    console = Console(stderr=True)
    return track(places, "Annotating", console=console) if console.is_terminal else places
