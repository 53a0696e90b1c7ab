"""Judges images of galaxies by the lens networks: four bands where an image has u, g, r, i, one otherwise."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from consumers.classify_alerts import host_view
from consumers.classify_images import Answer
from models.lens_domain import form_for, reason_to_abstain
from models.lens_finder import THRESHOLDS, VERSION, load
from models.lens_network import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from broker.classifiers.contract import Abstention, Sight, View
    from consumers.image_files import ReadImage
    from models.lens_finder import LensFinder, LensLook

#: Bands of a cube that the four-band form takes: u, g, r, i.
_UGRI = 4


class LensImages:
    """The lens networks over images, the galaxy in the middle of each."""

    name = "lens"
    version = VERSION

    def __init__(self) -> None:
        self._finders: dict[str, LensFinder] = {}

    def view(self, sight: Sight) -> View | Abstention:
        """Take an alert's host."""
        return host_view(sight)

    def look(self, images: Sequence[ReadImage]) -> list[Answer]:
        """Score images, and rank them by information content."""
        answers = [Answer(reason=_reason(image)) for image in images]
        alike: dict[tuple[str, float], list[int]] = defaultdict(list)
        for i, (image, answer) in enumerate(zip(images, answers, strict=True)):
            if answer.reason is None:
                form = form_for(_scale(image), image.seeing, len(_bands(image))) or "ground"
                alike[form, _scale(image)].append(i)
        for (form, pixel_scale), members in alike.items():
            if form not in self._finders:
                self._finders[form] = load(form)
            stamps = [_bands(images[i]) for i in members]
            for i, one in zip(members, self._finders[form].look(stamps, pixel_scale), strict=True):
                answers[i] = _answer(form, one)
        return answers


def _scale(image: ReadImage) -> float:
    """Return the pixel scale; of what does not tell it, the network's own."""
    return image.pixel_scale or FORMS["ground"].pixel_scale


def _bands(image: ReadImage) -> NDArray[np.float32]:
    """Return what a network takes: u, g, r and i as they are; of any other colours, the middle one."""
    if image.planes is None:
        return image.pixels[None]
    return image.planes if len(image.planes) == _UGRI else image.planes[len(image.planes) // 2][None]


def _reason(image: ReadImage) -> str | None:
    scale = _scale(image)
    return reason_to_abstain(scale, image.seeing, scale * min(image.pixels.shape))


def _answer(form: str, one: LensLook) -> Answer:
    details = {"form": form, "informationContent": one.information_content, "spread": one.spread}
    line = f"information content {one.information_content:.1f} +- {one.spread:.1f}, network {form}"
    return Answer(one.score, details=details, lines=(line,), candidate=one.score > THRESHOLDS[form])
