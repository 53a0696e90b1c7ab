"""Asks the router which class networks an image is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.classifiers.contract import Abstention
from consumers.classify_images import Answer
from models import router_calibration
from models.router import VERSION, WEIGHTS, load
from models.router_network import IMAGES, classes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.classifiers.contract import Sight, View
    from consumers.image_files import ReadImage


class RouterImages:
    """The router over images, each taken for a difference where streaks are concerned, and for a host otherwise."""

    name = "router"
    version = VERSION

    def __init__(self) -> None:
        self._router = load()
        self._thresholds = router_calibration.read(WEIGHTS.sha256).current()

    def view(self, sight: Sight) -> View | Abstention:
        """Take none: of an alert the router sees two images, not one."""
        del sight
        return Abstention("difference", "sosia annotate tells the router's scores of alerts")

    def look(self, images: Sequence[ReadImage]) -> list[Answer]:
        """Score images; an image's score is the largest of its classes'."""
        stamps = [image.pixels for image in images]
        scores = [score for image in IMAGES for score in self._router.look(stamps, image).T]
        names = [name for image in IMAGES for name in classes_of(image)]
        return [self._answer(dict(zip(names, map(float, found), strict=True))) for found in zip(*scores, strict=True)]

    def _answer(self, scores: dict[str, float]) -> Answer:
        passed = [name for name, score in scores.items() if score >= self._thresholds[name]]
        lines = tuple(
            f"{name} {score:.2e}, " + ("for its network" if name in passed else "below its threshold")
            for name, score in scores.items()
        )
        details = {"scores": scores, "passed": passed}
        return Answer(max(scores.values()), details=details, lines=lines, candidate=bool(passed))
