"""Which stamps of each class's simulator the router is trained, calibrated and tested on: none is in two of them.

Drawn up before the first training, and left alone since. Training takes the simulators' training worlds, calibration
and test their test worlds, all with numbers that no class network was trained, calibrated or tested on.
"""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """What the stamps are for."""

    TRAINING = "training"
    CALIBRATION = "calibration"
    TEST = "test"


#: First stamp of each part, in streaks' and lenses' numbers; mergers count batches, of which none has more stamps.
FIRST = {Part.TRAINING: 1_000_000_000, Part.CALIBRATION: 1_200_000_000, Part.TEST: 1_400_000_000}
#: Shares of the classes' positives in the test's mix, and of all that belongs to none: 1:1:1 and 7 others.
MIX = {"streak": 0.1, "lens": 0.1, "merger": 0.1}
