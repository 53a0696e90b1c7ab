"""Files to embedded images: alerts as the stream would judge them, pictures, and rows that the workers published."""

from __future__ import annotations

import zlib
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from broker.annotator import Annotator
from broker.cutout import read_cutout
from broker.files import find_files
from broker.history.embedding_bytes import half
from broker.history.sqlite import SqliteHistory
from broker.novelty.sighting import Identity, Population, Sighting
from broker.time_order import find_places, read_places
from consumers.assembly import choose_rule, open_examiner, open_surveys, utc_now
from consumers.look_alikes.pictures import find_pictures, is_picture, picture_pair, read_picture
from consumers.look_alikes.thumbnails import thumbnail
from consumers.progress import tracked
from models.morphology.disturbance import DisturbanceMeter
from schemas.errors import NoveltyIndexError, SosiaError, StampError
from schemas.writer import AVRO_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.annotator import Finding
    from broker.cutout import Cutout
    from broker.examiner import Examiner
    from broker.files import FilePacket
    from broker.packet import Packet
    from consumers.settings import Settings

_CONTAINER = b"Obj\x01"
_ROWS = "sosia.Embedding"
#: Beside the progress bar.
LABEL = "Embedding"
#: Own stamps' survey, unless told.
OWN = "stamps"


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One image of a file, or why there is none.

    Attributes
    ----------
    file : Path
    sighting : Sighting or None
    first : bool
        Whether the files hold no earlier epoch of its object and band.
    error : SosiaError or None
    """

    file: Path
    sighting: Sighting | None = None
    first: bool = True
    error: SosiaError | None = None


class FileReader:
    """Embeds what files hold; the networks are loaded when first needed, and rows need none.

    Parameters
    ----------
    settings : Settings
        Its sections ``backbone``, ``epoch``, ``history``, ``input`` and ``registry``.
    survey : str, optional
        Read only this survey's alerts, and take pictures for its stamps.
    schemas : Path, optional
        Folder of the schemas of wire-format packets.
    pixel_scale : float, optional
        Of pictures [arcsec/px]; by default the whole picture fills the survey's frame.
    examiner : Examiner, optional
        By default what the settings describe.
    """

    def __init__(
        self,
        settings: Settings,
        survey: str | None = None,
        schemas: Path | None = None,
        pixel_scale: float | None = None,
        examiner: Examiner | None = None,
    ) -> None:
        self._given = examiner
        self._settings = settings
        self._survey = survey
        self._schemas = schemas or settings.registry.schemas
        self._pixel_scale = pixel_scale
        self._meter = DisturbanceMeter()

    @cached_property
    def _examiner(self) -> Examiner:
        return self._given or open_examiner(self._settings.backbone)

    def read(self, paths: Sequence[Path]) -> Iterator[Seen]:
        """Embed all the images of some files, and of folders with everything below them.

        Yields
        ------
        Seen
            Rows as they come, then alerts in time order, then pictures by name.
        """
        folders = [path for path in paths if path.is_dir()]
        named = [path for path in paths if not path.is_dir()]
        avro = find_files([*folders, *(path for path in named if not is_picture(path))])
        rows = [path for path in avro if _holds_rows(path)]
        yield from _read_rows(rows)
        yield from self._read_alerts([path for path in avro if path not in set(rows)])
        yield from self._read_pictures(find_pictures([*folders, *(path for path in named if is_picture(path))]))

    def _read_alerts(self, files: Sequence[Path]) -> Iterator[Seen]:
        inputs = self._settings.input.surveys
        names = [self._survey] if self._survey else ["ztf", "lsst", *(one.survey for one in inputs), OWN]
        surveys = open_surveys(dict.fromkeys(names), inputs)
        places, unreadable = find_places(files, surveys, self._schemas)
        yield from (Seen(one.file, error=one.error) for one in unreadable)
        if not places:
            return
        with closing(SqliteHistory(None, self._settings.history.epochs)) as history:
            annotator = Annotator(self._examiner, utc_now, choose_rule(self._settings.epoch, history), history)
            found = read_places(tracked(places, LABEL), surveys, self._schemas)
            seen: set[tuple[str, Population]] = set()
            while batch := list(islice(found, self._settings.worker.batch_size)):
                for one in _annotated(batch, annotator):
                    key = one.sighting and (one.sighting.identity.object_id, one.sighting.population)
                    yield replace(one, first=key not in seen)
                    if key:
                        seen.add(key)

    def _read_pictures(self, files: Sequence[Path]) -> Iterator[Seen]:
        if not files:
            return
        (survey,) = open_surveys([self._survey or OWN], self._settings.input.surveys)
        frame, embedder = survey.facts.frame, self._examiner.embedder
        digest = embedder.digest(frame)
        waiting = iter(tracked(files, LABEL))
        while batch := list(islice(waiting, self._settings.worker.batch_size)):
            cutouts = [_read_or_error(path) for path in batch]
            good = [one for one in cutouts if not isinstance(one, StampError)]
            embedded = iter(embedder.embed([picture_pair(one, frame, self._pixel_scale) for one in good]))
            pictures = [one.image for one in good]
            measured = iter(self._meter.measure(pictures) if survey.name == OWN else [None] * len(good))
            for path, cutout in zip(batch, cutouts, strict=True):
                if isinstance(cutout, StampError):
                    yield Seen(path, error=cutout)
                    continue
                result, disturbance = next(embedded), next(measured)
                if result.science_embedding is None:
                    yield Seen(path, error=SosiaError(f"{result.science_reason}"))
                    continue
                yield Seen(
                    path,
                    Sighting(
                        Population(survey.name, ""),
                        Identity(path.stem),
                        path.name,
                        None,
                        digest,
                        half(result.science_embedding),
                        thumbnail=thumbnail(cutout.image),
                        disturbance=disturbance,
                    ),
                )


def _holds_rows(path: Path) -> bool:
    import fastavro

    try:
        with path.open("rb") as file:
            if file.read(len(_CONTAINER)) != _CONTAINER:
                return False
            file.seek(0)
            schema = fastavro.reader(file).writer_schema
    except (OSError, *AVRO_ERRORS):
        return False  # whoever reads it as alerts says what is wrong with it
    return isinstance(schema, dict) and schema.get("name") == _ROWS


def _read_rows(files: Iterable[Path]) -> Iterator[Seen]:
    import fastavro

    for path in files:
        with path.open("rb") as file:
            try:
                for record in fastavro.reader(file):
                    assert isinstance(record, dict)  # the schema is a record's
                    yield Seen(path, Sighting.from_record(record))
            except NoveltyIndexError as error:
                yield Seen(path, error=error.kept())
            except (*AVRO_ERRORS, zlib.error) as error:
                yield Seen(path, error=NoveltyIndexError(f"the file is damaged: {error}"))


def _annotated(batch: Sequence[FilePacket], annotator: Annotator) -> Iterator[Seen]:
    packets = [one.packet for one in batch if one.packet is not None]
    findings = iter(annotator.annotate(packets, [utc_now()] * len(packets)) if packets else ())
    for one in batch:
        if one.packet is None:
            yield Seen(one.file, error=one.error)
            continue
        finding = next(findings)
        if finding.embedding is None:
            yield Seen(one.file, error=SosiaError(f"{finding.annotation.epoch.reason}"))
        else:
            yield Seen(one.file, _sighting(one.packet, finding, finding.embedding))


def _sighting(packet: Packet, finding: Finding, embedding: NDArray[np.float16]) -> Sighting:
    annotation = finding.annotation
    return Sighting(
        Population(annotation.survey, annotation.band or ""),
        Identity(annotation.object_id, annotation.ra, annotation.dec),
        annotation.epoch_id,
        annotation.mjd,
        annotation.backbone.digest,
        embedding,
        annotation.epoch.problematic,
        thumbnail(read_cutout(packet.science or b"").image),
    )


def _read_or_error(path: Path) -> Cutout | StampError:
    try:
        return read_picture(path)
    except StampError as error:
        return error.kept()
