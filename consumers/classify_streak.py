"""Look for streaks in image files: small ones as stamps, large ones through a sliding window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consumers.image_files import ReadImage, read_image
from models.streak_detector import THRESHOLD, VERSION, load
from models.streak_domain import reason_to_abstain
from models.streak_network import SIDE
from models.streak_windows import FoundStreak, find_streaks
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from models.streak_detector import StreakDetector

#: A larger image goes through windows: of what is outside its middle a single look would see nothing.
_LARGEST_STAMP = SIDE


@dataclass(frozen=True, slots=True)
class StreakResult:
    """What one file holds, or why it was not read.

    Attributes
    ----------
    file : Path
    score : float or None
        Of the surest window; None where there is a reason.
    reason : str or None
        Why a streak cannot be judged there.
    streaks : tuple of FoundStreak
        Those above the threshold, in the image's pixels, 0 the centre of the first.
    error : SosiaError or None
    """

    file: Path
    score: float | None = None
    reason: str | None = None
    streaks: tuple[FoundStreak, ...] = ()
    error: SosiaError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``sosia classify streak --json`` prints."""
        if self.error is not None:
            return {"file": str(self.file), "error": str(self.error)}
        streaks = [
            {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "score": one.score, "dark": one.polarity < 0}
            for one in self.streaks
            for x1, y1, x2, y2 in [one.segment.ends]
        ]
        return {
            "file": str(self.file), "classifier": "streak", "version": VERSION,
            "score": self.score, "reason": self.reason, "streaks": streaks,
        }  # fmt: skip


def classify_streak(files: Sequence[Path], pixel_scale: float | None = None) -> Iterator[StreakResult]:
    """Look for streaks in files.

    Parameters
    ----------
    files : sequence of Path
        FITS, PNG or JPEG.
    pixel_scale : float, optional
        [arcsec/px]; otherwise what the file tells.

    Yields
    ------
    StreakResult
        One a file, in their order.
    """
    detector = load()
    for file in files:
        try:
            image = read_image(file)
        except SosiaError as error:
            yield StreakResult(file, error=error)
        else:
            yield _result(detector, file, image, pixel_scale)


def _result(detector: StreakDetector, file: Path, image: ReadImage, pixel_scale: float | None) -> StreakResult:
    scale = image.pixel_scale if pixel_scale is None else pixel_scale
    reason = reason_to_abstain(scale, image.exposure_time, min(image.pixels.shape))
    if reason is not None:
        return StreakResult(file, reason=reason)
    if max(image.pixels.shape) > _LARGEST_STAMP:
        best, found = find_streaks(detector, image.pixels, THRESHOLD)
        return StreakResult(file, best, streaks=tuple(found))
    one = detector.look([image.pixels], measured_above=THRESHOLD)[0]
    streaks = (FoundStreak(one.score, one.polarity, one.segment),) if one.score > THRESHOLD else ()
    return StreakResult(file, one.score, streaks=streaks)
