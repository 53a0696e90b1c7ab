"""Annotate files: the broker's steps in a row, without Kafka."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from broker.annotation import Annotation, to_json
from broker.files import find_files
from broker.history.sqlite import SqliteHistory
from broker.novelty.versions import open_all
from broker.time_order import find_places, read_places
from consumers.assembly import choose_rule, open_annotator, open_surveys, utc_now
from consumers.outputs.html_report import Measure
from consumers.outputs.pictures import triplet
from consumers.outputs.row import Row
from consumers.progress import tracked
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from broker.annotator import Annotator
    from broker.files import FilePacket
    from broker.packet import Packet
    from consumers.settings import Settings
    from schemas.errors import SosiaError

#: What a report of annotations can be sorted by.
MEASURES = (
    Measure("epoch.score", "epoch score"),
    Measure("classifications.streak.score", "streak"),
    Measure("classifications.lens.score", "lens"),
    Measure("lens.informationContent", "information content"),
    Measure("classifications.merger.score", "merger"),
    Measure("novelty.science.pValue", "novelty p-value", ascending=True),
    Measure("epoch.changedSnr", "change S/N"),
    Measure("epoch.referenceDistance", "distance from reference"),
    Measure("mjd", "time", ascending=True, told=False),
)


@dataclass(frozen=True, slots=True)
class FileAnnotation:
    """The annotation of one alert of a file, or why there is none."""

    file: Path
    annotation: Annotation | None = None
    error: SosiaError | None = None
    packet: Packet | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``sosia annotate --json`` prints: `file`, and either the annotation's fields or `error`."""
        if self.annotation is None:
            return {"file": str(self.file), "error": str(self.error)}
        return {"file": str(self.file), **to_json(self.annotation)}

    def to_text(self) -> str:
        """Return what ``sosia annotate`` prints."""
        if self.annotation is None:
            return f"{self.file}: {self.error}"
        annotation, epoch = self.annotation, self.annotation.epoch
        distance = "-" if epoch.reference_distance is None else f"{epoch.reference_distance:.3f}"
        verdict = f"({epoch.reason})" if epoch.score is None else f"score {epoch.score:.2f}"
        return "  ".join(
            (
                f"{annotation.survey:5} {annotation.object_id:20} {annotation.epoch_id:20} {annotation.band or '-':2}",
                f"distance {distance:8} {epoch.state} {verdict}{'  PROBLEMATIC' if epoch.problematic else ''}",
            )
        )

    def to_row(self) -> Row:
        """Return it as the outputs take it, with the alert's images."""
        if self.annotation is None or self.packet is None:
            return Row(self.to_json())
        return Row(self.to_json(), partial(triplet, self.packet), bool(self.annotation.epoch.problematic))


def annotate_files(
    paths: Sequence[Path], settings: Settings, *, survey: str | None = None, schemas: Path | None = None
) -> Iterator[FileAnnotation]:
    """Annotate all the alerts of some files in the order in which they were taken, as the stream would judge them.

    What the alerts tell of their objects is kept for the call, and only for it. On a terminal there is a progress bar.

    Parameters
    ----------
    paths : sequence of Path
        Files (Avro, FITS, PNG, JPEG, Parquet), or folders with ``.avro`` files in them.
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

    Raises
    ------
    ConfigurationError
        The folders hold no ``.avro`` file.
    """
    names = [survey] if survey else ["ztf", "lsst", *(one.survey for one in settings.input.surveys), "stamps"]
    surveys, schemas = open_surveys(dict.fromkeys(names), settings.input.surveys), schemas or settings.registry.schemas
    if not (files := find_files(paths)):
        raise ConfigurationError(
            f"no .avro file below {', '.join(map(str, paths))}; of other kinds name the files, as in DIR/*.fits"
        )
    places, unreadable = find_places(files, surveys, schemas)
    yield from (FileAnnotation(one.file, error=one.error) for one in unreadable)
    if not places:
        return
    with closing(SqliteHistory(None, settings.history.epochs)) as history:
        rule = choose_rule(settings.epoch, history)
        annotator = open_annotator(settings.backbone, rule, history, settings.classifiers)
        if settings.index.cache is not None:
            versions = open_all(settings.index.cache)
            annotator.compare_with(lambda: versions, reference=settings.index.reference)
        found = read_places(tracked(places, "Annotating"), surveys, schemas)
        while batch := list(islice(found, settings.worker.batch_size)):
            yield from _annotated(batch, annotator)


def _annotated(batch: Sequence[FilePacket], annotator: Annotator) -> Iterator[FileAnnotation]:
    packets = [one.packet for one in batch if one.packet is not None]
    findings = iter(annotator.annotate(packets, [utc_now()] * len(packets)) if packets else ())
    for one in batch:
        if one.packet is None:
            yield FileAnnotation(one.file, error=one.error)
        else:
            yield FileAnnotation(one.file, next(findings).annotation, packet=one.packet)
