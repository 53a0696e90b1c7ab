"""Sosia's methods as functions: arrays in, numbers out; no Kafka, and no files but those that are named.

Stamps are float arrays (rows, columns), or (bands, rows, columns) of up to three bands in the order of wavelength. Row
0 is the lowest, as in FITS; a missing pixel is NaN. Pixel scales are in arcsec/px. The networks that come with the
project are loaded when first needed, and kept. ``TUTORIAL.md`` walks through it.

Examples
--------
The night is that of ``sosia replay --simulate ztf --alerts 40 --seed 5 --folder night``.

>>> from consumers.api import read_alerts
>>> alert = next(read_alerts(["night"]))
>>> alert.survey, alert.band, alert.stamps.science.shape
('ztf', 'r', (63, 63))
"""

from consumers.api.alerts import FileAlert, read_alerts
from consumers.api.classes import classify_lens, classify_merger, find_streaks
from consumers.api.epochs import EpochQuality, compare, embed
from consumers.api.similar import look_alikes

__all__ = [
    "EpochQuality", "FileAlert", "classify_lens", "classify_merger", "compare", "embed", "find_streaks", "look_alikes",
    "read_alerts",
]  # fmt: skip
