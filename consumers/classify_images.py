"""Runs one class network over image files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from consumers.image_files import read_image
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from consumers.image_files import ReadImage

#: Files, and pixels of them, that are read before the network runs.
_BATCH, _PIXELS = 64, 4_000_000


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
    """

    score: float | None = None
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


class ImageNetwork(Protocol):
    """One class network over images."""

    @property
    def name(self) -> str:
        """Of the class."""

    @property
    def version(self) -> str:
        """Of the network."""

    def look(self, images: Sequence[ReadImage]) -> list[Answer]:
        """Judge images; one answer an image, in their order."""


@dataclass(frozen=True, slots=True)
class ImageResult:
    """What a network says of one file, or why the file was not read."""

    file: Path
    network: ImageNetwork
    answer: Answer | None = None
    error: SosiaError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``sosia classify --json`` prints."""
        if self.answer is None:
            return {"file": str(self.file), "error": str(self.error)}
        return {
            "file": str(self.file), "classifier": self.network.name, "version": self.network.version,
            "score": self.answer.score, "reason": self.answer.reason, **self.answer.details,
        }  # fmt: skip

    def to_text(self) -> str:
        """Return what ``sosia classify`` prints."""
        if self.answer is None:
            return f"{self.file}: {self.error}"
        if self.answer.score is None:
            return f"{self.file}  no score ({self.answer.reason})"
        return "\n    ".join([f"{self.file}  score {self.answer.score:.3f}", *self.answer.lines])


def classify_images(
    network: ImageNetwork, files: Sequence[Path], pixel_scale: float | None = None
) -> Iterator[ImageResult]:
    """Judge files.

    Parameters
    ----------
    network : ImageNetwork
    files : sequence of Path
        FITS, PNG or JPEG.
    pixel_scale : float, optional
        [arcsec/px]; otherwise what the file tells, and where it does not, the network's own.

    Yields
    ------
    ImageResult
        One a file, in their order.
    """
    for batch in _batches(files, pixel_scale):
        images = [one for _, one in batch if not isinstance(one, SosiaError)]
        answers = iter(network.look(images) if images else ())
        for file, one in batch:
            if isinstance(one, SosiaError):
                yield ImageResult(file, network, error=one)
            else:
                yield ImageResult(file, network, next(answers))


def _batches(files: Sequence[Path], pixel_scale: float | None) -> Iterator[list[tuple[Path, ReadImage | SosiaError]]]:
    """Read files, a pass of the network at a time; a whole CCD is a pass of its own."""
    batch: list[tuple[Path, ReadImage | SosiaError]] = []
    pixels = 0
    for file in files:
        one = _read(file, pixel_scale)
        batch.append((file, one))
        pixels += 0 if isinstance(one, SosiaError) else one.pixels.size
        if len(batch) == _BATCH or pixels > _PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _read(file: Path, pixel_scale: float | None) -> ReadImage | SosiaError:
    try:
        image = read_image(file)
    except SosiaError as error:
        return error
    return image if pixel_scale is None else replace(image, pixel_scale=pixel_scale)
