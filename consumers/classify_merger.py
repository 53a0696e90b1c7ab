"""Judges images of galaxies by the merger network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.classify_images import Answer
from models.merger_domain import reason_to_abstain
from models.merger_finder import VERSION, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumers.image_files import ReadImage


class MergerImages:
    """The merger network over images, the galaxy in the middle of each; colours are averaged."""

    name = "merger"
    version = VERSION

    def __init__(self) -> None:
        self._finder = load()

    def look(self, images: Sequence[ReadImage]) -> list[Answer]:
        """Score images."""
        reasons = [_reason(image) for image in images]
        judged = [image.pixels for image, reason in zip(images, reasons, strict=True) if reason is None]
        scores = iter(self._finder.look(judged) if judged else ())
        return [Answer(next(scores)) if reason is None else Answer(reason=reason) for reason in reasons]


def _reason(image: ReadImage) -> str | None:
    scale = image.pixel_scale
    return reason_to_abstain(scale, None, None if scale is None else scale * min(image.pixels.shape))
