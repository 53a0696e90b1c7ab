"""Looks for streaks in images: small ones as stamps, large ones through a sliding window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.classifiers.views import difference_view
from consumers.classify_images import Answer
from models.streak_detector import THRESHOLD, VERSION, load
from models.streak_domain import reason_to_abstain
from models.streak_network import SIDE
from models.streak_windows import FoundStreak, find_streaks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.classifiers.contract import Abstention, Sight, View
    from consumers.image_files import ReadImage

#: A larger image goes through windows: of what is outside its middle a single look would see nothing.
_LARGEST_STAMP = SIDE


class StreakImages:
    """The streak network over images."""

    name = "streak"
    version = VERSION

    def __init__(self) -> None:
        self._detector = load()

    def view(self, sight: Sight) -> View | Abstention:
        """Take an alert's difference."""
        return difference_view(sight)

    def look(self, images: Sequence[ReadImage]) -> list[Answer]:
        """Score images; streaks above the threshold in the image's pixels, 0 the centre of the first."""
        reasons = [
            reason_to_abstain(image.pixel_scale, image.exposure_time, min(image.pixels.shape)) for image in images
        ]
        stamps = [
            image
            for image, reason in zip(images, reasons, strict=True)
            if reason is None and max(image.pixels.shape) <= _LARGEST_STAMP
        ]
        pixels, widths = [one.pixels for one in stamps], [_fwhm(one) for one in stamps]
        polarities = [one.polarity for one in stamps]
        looked = iter(self._detector.look(pixels, measured_above=THRESHOLD, fwhm=widths, polarity=polarities))
        answers = []
        for image, reason in zip(images, reasons, strict=True):
            if reason is not None:
                answers.append(Answer(reason=reason))
            elif max(image.pixels.shape) > _LARGEST_STAMP:
                best, found = find_streaks(self._detector, image.pixels, THRESHOLD, fwhm=_fwhm(image))
                answers.append(_answer(best, found))
            else:
                one = next(looked)
                found = [FoundStreak(one.score, one.polarity, one.segment)] if one.score > THRESHOLD else []
                answers.append(_answer(one.score, found))
        return answers


def _fwhm(image: ReadImage) -> float | None:
    """Width of the PSF [px], where it is known."""
    if image.fwhm is None and image.seeing is not None and image.pixel_scale is not None:
        return image.seeing / image.pixel_scale
    return image.fwhm


def _answer(score: float | None, found: Sequence[FoundStreak]) -> Answer:
    ends = [one.segment.ends for one in found]
    streaks = [
        {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "score": one.score, "dark": one.polarity < 0}
        for one, (x1, y1, x2, y2) in zip(found, ends, strict=True)
    ]
    lines = tuple(
        f"{x1:.1f} {y1:.1f} to {x2:.1f} {y2:.1f}  length {one.segment.length:.1f} px  score {one.score:.3f}"
        + ("  dark" if one.polarity < 0 else "")
        for one, (x1, y1, x2, y2) in zip(found, ends, strict=True)
    )
    reason = None if score is not None else "no window with enough pixels"
    return Answer(score, reason, {"streaks": streaks}, lines, candidate=bool(found))
