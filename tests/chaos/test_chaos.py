"""The short form of `make chaos`."""

from __future__ import annotations

import shutil

import pytest

from tests.chaos.run import chaos
from tests.redis_server import PROGRAM

KINDS = ("worker killed", "node killed", "worker replaced", "output refused")


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="needs redis-server (Debian's package redis-server)")
def test_faults_lose_and_double_nothing() -> None:
    verdict = chaos(len(KINDS), seed=8, kinds=KINDS)
    assert verdict.problems == []
    assert verdict.good > 100
    assert verdict.bad > 0
    assert set(verdict.kinds) == set(KINDS)
