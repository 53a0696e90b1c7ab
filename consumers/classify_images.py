"""Runs one class network over image files, and over the alerts in files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from broker.classifiers.contract import Abstention
from broker.files import find_files
from broker.inputs.payloads import holds_alerts
from consumers.assembly import open_surveys
from consumers.classify_alerts import alert_images
from consumers.image_files import read_image
from consumers.look_alikes.pictures import find_pictures
from consumers.outputs.html_report import Measure
from consumers.outputs.pictures import single
from consumers.outputs.row import Row
from consumers.progress import tracked
from schemas.errors import ConfigurationError, SosiaError, StampError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from broker.classifiers.contract import Sight, View
    from broker.packet import Packet
    from consumers.image_files import ReadImage

#: Images, and pixels of them, that are read before the network runs.
_BATCH, _PIXELS = 64, 4_000_000
#: Surveys whose alerts are read; own stamps are known by their record's name.
_SURVEYS = ("ztf", "lsst", "stamps")

#: What a report can be sorted by.
MEASURES = (Measure("score", "score"), Measure("informationContent", "information content"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network says of one image.

    Attributes
    ----------
    score : float or None
        None where there is a reason.
    reason : str or None
        Why its class cannot be judged there.
    details : mapping of str to Any
        What else it tells, under the names that ``--json`` prints.
    lines : tuple of str
        The same for people.
    candidate : bool
        Whether the score is above the network's threshold.
    """

    score: float | None = None
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    candidate: bool = False


class ImageNetwork(Protocol):
    """One class network over images."""

    @property
    def name(self) -> str:
        """Of the class."""

    @property
    def version(self) -> str:
        """Of the network."""

    def view(self, sight: Sight) -> View | Abstention:
        """Choose what the network looks at in an alert."""

    def look(self, images: Sequence[ReadImage]) -> list[Answer]:
        """Judge images; one answer an image, in their order."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageResult:
    """What a network says of one image, or why it was not read.

    Attributes
    ----------
    file : Path
    network : ImageNetwork
    packet : Packet or None
        The alert that it is of.
    input_image : str or None
        Which of the alert's images it is.
    image : ReadImage or None
    answer : Answer or None
    error : SosiaError or None
        Why there is no answer.
    """

    file: Path
    network: ImageNetwork
    packet: Packet | None = None
    input_image: str | None = None
    image: ReadImage | None = None
    answer: Answer | None = None
    error: SosiaError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``sosia classify --json`` prints."""
        if self.answer is None:
            return {"file": str(self.file), "error": str(self.error)}
        alert = {} if self.packet is None else {
            "survey": self.packet.survey.name, "objectId": self.packet.object_id, "epochId": self.packet.epoch_id,
            "inputImage": self.input_image,
        }  # fmt: skip
        return {
            "file": str(self.file), **alert, "classifier": self.network.name, "version": self.network.version,
            "score": self.answer.score, "candidate": self.answer.candidate, "reason": self.answer.reason,
            **self.answer.details,
        }  # fmt: skip

    def to_text(self) -> str:
        """Return what ``sosia classify`` prints."""
        if self.answer is None:
            return f"{self.file}: {self.error}"
        name = str(self.file) if self.packet is None else f"{self.file}  {self.packet.object_id} {self.packet.epoch_id}"
        if self.answer.score is None:
            return f"{name}  no score ({self.answer.reason})"
        told = f"score {self.answer.score:.3f}{', a candidate' if self.answer.candidate else ''}"
        return "\n    ".join([f"{name}  {told}", *self.answer.lines])

    def to_row(self) -> Row:
        """Return it as the outputs take it, with its image."""
        if self.answer is None or self.image is None:
            return Row(self.to_json())
        streaks = self.answer.details.get("streaks", ())
        ends = [(one[f"x{end}"], one[f"y{end}"]) for one in streaks for end in (1, 2)]
        draw = partial(
            single, self.input_image or self.file.name, self.image.pixels, rows_up=self.image.rows_up, ends=ends
        )
        return Row(self.to_json(), draw, self.answer.candidate)


def classify_images(
    network: ImageNetwork,
    paths: Sequence[Path],
    pixel_scale: float | None = None,
    schemas: Path | None = None,
    seeing: float | None = None,
) -> Iterator[ImageResult]:
    """Judge the images of some files. On a terminal there is a progress bar.

    Parameters
    ----------
    network : ImageNetwork
    paths : sequence of Path
        Images: FITS, PNG or JPEG. Alerts: Avro or Parquet, of which the network sees the image that it would be given
        on the stream. Folders recursively for both: ``.avro`` files, and then images.
    pixel_scale : float, optional
        Of images [arcsec/px]; otherwise what the file tells, and where it does not, the network's own.
    schemas : Path, optional
        Folder of the schemas of wire-format alerts.
    seeing : float, optional
        Of images, FWHM [arcsec]; otherwise what the file tells.

    Yields
    ------
    ImageResult
        One an image, in the order of the files.
    """
    for batch in _batches(_read_all(network, _find(paths), pixel_scale, schemas, seeing)):
        images = [one.image for one in batch if one.image is not None]
        answers = iter(network.look(images) if images else ())
        for one in batch:
            yield one if one.image is None else replace(one, answer=next(answers))


def _find(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += find_files([path]) + (find_pictures([path]) if path.is_dir() else [])
    if not found:
        raise ConfigurationError(f"no .avro file and no FITS, PNG or JPEG image below {', '.join(map(str, paths))}")
    return found


def _batches(every: Iterator[ImageResult]) -> Iterator[list[ImageResult]]:
    """Gather what one pass of the network takes; a whole CCD is a pass of its own."""
    batch: list[ImageResult] = []
    pixels = 0
    for one in every:
        batch.append(one)
        pixels += 0 if one.image is None else one.image.pixels.size
        if len(batch) == _BATCH or pixels > _PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _read_all(
    network: ImageNetwork,
    files: Sequence[Path],
    pixel_scale: float | None,
    schemas: Path | None,
    seeing: float | None,
) -> Iterator[ImageResult]:
    for file in tracked(files, "Classifying"):
        try:
            if holds_alerts(file):
                yield from _read_alerts(network, file, schemas)
            else:
                image = read_image(file)
                scale, width = pixel_scale or image.pixel_scale, seeing or image.seeing
                yield ImageResult(file, network, image=replace(image, pixel_scale=scale, seeing=width))
        except OSError as error:
            yield ImageResult(file, network, error=SosiaError(f"cannot be read: {error.strerror}"))
        except StampError as error:
            yield ImageResult(file, network, error=error.kept())


def _read_alerts(network: ImageNetwork, file: Path, schemas: Path | None) -> Iterator[ImageResult]:
    for one in alert_images(file, network.view, open_surveys(_SURVEYS), schemas):
        if isinstance(one, SosiaError):
            yield ImageResult(file, network, error=one)
            continue
        packet, seen = one
        if isinstance(seen, Abstention):
            yield ImageResult(file, network, packet, seen.input_image, answer=Answer(reason=seen.reason))
        else:
            yield ImageResult(file, network, packet, seen.name, seen)
