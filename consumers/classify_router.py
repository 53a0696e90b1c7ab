"""Asks the router which class networks an image is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.classify_images import Answer
from models.router import THRESHOLDS, VERSION, load
from models.router_network import CLASSES, IMAGE_OF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumers.image_files import ReadImage


class RouterImages:
    """The router over images, each taken for a difference where streaks are concerned, and for a host otherwise."""

    name = "router"
    version = VERSION

    def __init__(self) -> None:
        self._router = load()

    def look(self, images: Sequence[ReadImage]) -> list[Answer]:
        """Score images; an image's score is the largest of its classes'."""
        stamps = [image.pixels for image in images]
        scores = {image: self._router.look(stamps, image) for image in set(IMAGE_OF.values())}
        by_class = {name: scores[IMAGE_OF[name]][:, output] for output, name in enumerate(CLASSES)}
        return [_answer({name: float(found[i]) for name, found in by_class.items()}) for i in range(len(images))]


def _answer(scores: dict[str, float]) -> Answer:
    lines = tuple(
        f"{name} {score:.2e}, " + ("for its network" if score >= THRESHOLDS[name] else "below its threshold")
        for name, score in scores.items()
    )
    passed = [name for name, score in scores.items() if score >= THRESHOLDS[name]]
    return Answer(max(scores.values()), details={"scores": scores, "passed": passed}, lines=lines)
