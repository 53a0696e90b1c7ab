"""Memory that is kept is not fetched from the kernel again, nor walked over by the garbage collector."""

from __future__ import annotations

import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys
from consumers.memory import keep_memory
keep = sys.argv[1] == "keep" and keep_memory()
import numpy as np
np.ones(250_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(200):
    np.ones(250_000)
print(int(keep), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

_WALKED = """
import gc
from consumers.memory import spare_what_stays
kept = [[] for _ in range(100_000)]
spare_what_stays()
new = [[] for _ in range(1_000)]
print(len(gc.get_objects()), len(kept), len(new))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux's C library is told")
def test_arrays_of_a_kept_size_cost_no_page_faults() -> None:
    done = subprocess.run([sys.executable, "-c", _FAULTS, "keep"], capture_output=True, text=True, check=True)
    told, faults = map(int, done.stdout.split())
    if told:  # not so on musl
        assert faults < 1000  # each array has 488 pages


def test_the_garbage_collector_walks_over_what_came_later_only() -> None:
    done = subprocess.run([sys.executable, "-c", _WALKED], capture_output=True, text=True, check=True)
    walked, kept, new = map(int, done.stdout.split())
    assert new <= walked < kept
