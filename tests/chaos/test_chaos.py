"""The short form of `make chaos`."""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.run import chaos
from tests.redis_server import PROGRAM

KINDS = ("worker killed", "node killed", "worker replaced", "output refused")


def test_faults_lose_and_double_nothing(program: Callable[..., str]) -> None:
    program(PROGRAM)
    verdict = chaos(len(KINDS), seed=8, kinds=KINDS)
    assert verdict.problems == []
    assert verdict.good > 100
    assert verdict.bad > 0
    assert set(verdict.kinds) == set(KINDS)
