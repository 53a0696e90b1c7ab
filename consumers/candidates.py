"""From which score on an alert is a candidate of a rare class: the thresholds that the networks ship with."""

from __future__ import annotations

from models import lens_finder, merger_finder, streak_detector

THRESHOLDS = {
    "streak": streak_detector.THRESHOLD,
    "lens": lens_finder.THRESHOLDS["ground"],  # what alerts carry
    "merger": merger_finder.CANDIDATE,
}
