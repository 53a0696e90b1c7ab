"""Judges images of galaxies by the merger network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.classify_alerts import host_view
from consumers.classify_images import Answer
from models.merger_domain import NO_GALAXY, is_point_source, reason_to_abstain
from models.merger_finder import CANDIDATE, VERSION, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.classifiers.contract import Abstention, Sight, View
    from consumers.image_files import ReadImage


class MergerImages:
    """The merger network over images, the galaxy in the middle of each; colours are averaged."""

    name = "merger"
    version = VERSION

    def __init__(self) -> None:
        self._finder = load()

    def view(self, sight: Sight) -> View | Abstention:
        """Take an alert's host."""
        return host_view(sight)

    def look(self, images: Sequence[ReadImage]) -> list[Answer]:
        """Score images."""
        reasons = [_reason(image) for image in images]
        judged = [image.pixels for image, reason in zip(images, reasons, strict=True) if reason is None]
        scores = iter(self._finder.look(judged) if judged else ())
        return [_answer(next(scores)) if reason is None else Answer(reason=reason) for reason in reasons]


def _answer(score: float) -> Answer:
    return Answer(score, candidate=score > CANDIDATE)


def _reason(image: ReadImage) -> str | None:
    scale, seeing = image.pixel_scale, image.seeing
    reason = reason_to_abstain(scale, seeing, None if scale is None else scale * min(image.pixels.shape))
    if reason is None and scale and seeing and is_point_source(image.pixels, seeing / scale):
        return NO_GALAXY
    return reason
