"""Streaks: the difference image, in the negative where the source faded, and where on the sky a streak ends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from broker.annotation import Streak
from broker.classifiers.contract import Abstention, Verdict
from broker.classifiers.views import difference_view
from models.streak_detector import THRESHOLD, VERSION
from models.streak_domain import reason_to_abstain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.classifiers.contract import View
    from broker.classifiers.views import PacketViews
    from models.simulate.streaks.trail import Segment
    from models.streak_detector import Streak as FoundStreak
    from models.streak_detector import StreakDetector


class StreakClassifier:
    """The streak network on packets.

    Parameters
    ----------
    detector : StreakDetector
    """

    name = "streak"
    version = VERSION

    def __init__(self, detector: StreakDetector) -> None:
        self._detector = detector

    def view(self, views: PacketViews) -> View | Abstention:
        """Take the difference, where a trail can be seen in it."""
        view = difference_view(views.sight)
        if isinstance(view, Abstention):
            return view
        reason = reason_to_abstain(view.pixel_scale, view.sight.exposure_time, min(view.pixels.shape))
        return view if reason is None else Abstention(view.input_image, reason)

    def look(self, views: Sequence[View]) -> list[Verdict]:
        """Score views; a streak above the network's threshold is measured."""
        found = self._detector.look(
            [view.pixels for view in views],
            measured_above=THRESHOLD,
            fwhm=[view.fwhm for view in views],
            polarity=[view.polarity for view in views],
        )
        return [
            Verdict(one.score, streak=on_the_sky(one.segment, view) if _measured(one) else None)
            for one, view in zip(found, views, strict=True)
        ]


def _measured(one: FoundStreak) -> bool:
    return one.score > THRESHOLD and all(map(math.isfinite, one.segment.ends))  # the annotation has no null there


def on_the_sky(segment: Segment, view: View) -> Streak:
    """Measure a segment of a view's pixels in arcseconds and degrees.

    Where the stamp's orientation is not known, the position angle counts from its +y towards its -x, and there are no
    celestial ends.
    """
    geometry, packet = view.geometry, view.sight.packet
    (u1, v1), (u2, v2) = geometry.offset(segment.x1, segment.y1), geometry.offset(segment.x2, segment.y2)
    ends: tuple[float | None, ...] = (None,) * 4
    if geometry.north_known and packet.mean_ra is not None and packet.mean_dec is not None:
        shrink = math.cos(math.radians(packet.mean_dec))
        ends = tuple(
            one
            for u, v in ((u1, v1), (u2, v2))
            for one in ((packet.mean_ra - u / 3600.0 / shrink) % 360.0, packet.mean_dec + v / 3600.0)
        )
    length = math.hypot(u2 - u1, v2 - v1)
    angle = math.degrees(math.atan2(-(u2 - u1), v2 - v1)) % 180.0
    return Streak(*segment.ends, length, angle, *ends)
