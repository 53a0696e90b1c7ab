"""Memory that a long-lived process keeps: what it frees, and what it loaded at the start.

By default glibc maps every array over 128 kB anew, and the kernel clears its pages each time: that was half of the time
of the sky frame. And Python's garbage collector walks from time to time over everything that TensorFlow brought along,
half a million objects: a quarter of a second in which no alert moves.
"""

from __future__ import annotations

import ctypes
import gc
import sys

#: glibc's names for its parameters (``malloc.h``).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
#: Larger arrays are mapped all the same [bytes]: glibc allows no more.
LARGEST_KEPT = 32 * 2**20
#: Unused memory beyond it is given back [bytes].
MOST_KEPT = 256 * 2**20


def keep_memory() -> bool:
    """Let this process keep what it frees; return whether its C library could be told so."""
    if not sys.platform.startswith("linux"):
        return False
    tell = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return tell is not None and bool(tell(_MMAP_THRESHOLD, LARGEST_KEPT) and tell(_TRIM_THRESHOLD, MOST_KEPT))


def spare_what_stays() -> None:
    """Take all that is loaded by now from the garbage collector's rounds, for as long as the process lives."""
    gc.collect()
    gc.freeze()
