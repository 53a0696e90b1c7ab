"""What a schema's patterns may take to compile, and what a record may take to step over."""

from __future__ import annotations

import re
from collections.abc import Callable

Match = Callable[[bytes, int], re.Match[bytes] | None]


class Budget:
    """Counts both."""

    #: All patterns of a schema together [bytes]: a survey's have 27 kB, and these take half a second.
    PATTERNS = 400_000
    #: Steps that patterns do not save. Thousands of earlier detections, all with texts that are long, take fewer.
    STEPS = 1_000_000
    #: Strides of a schema, each of 32 kB or of an item twice: a survey's arrays have a few each.
    STRIDES = 32
    #: What one type within a layout counts for.
    LAYOUT = 4

    def __init__(self) -> None:
        self.patterns = self.PATTERNS
        self.steps = self.STEPS
        self.strides = self.STRIDES

    def take(self, steps: int) -> None:
        """Count steps; raises IndexError where they are too many."""
        self.steps -= steps
        if self.steps < 0:
            raise IndexError(steps)

    def matcher(self, pattern: bytes) -> Match | None:
        """Compile a pattern, or return None where the schema has too many."""
        if len(pattern) > self.patterns:
            return None
        self.patterns -= len(pattern)
        return re.compile(pattern, re.DOTALL).match
