"""A regression gate that is no timed test: this run's figures over an earlier run's on the same machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Worse by more than this factor fails.
BOUND = 1.25

#: What is compared, and whether more of it is better. Rates are taken over the naive worker's and the limit's of their
#: own run, since a machine is never as quick twice.
COMPARED = {
    "over_naive": True,
    "over_limit": True,
    "latency_s.p99": False,
    "cpu_s_per_alert": False,
    "outside_networks_cpu_s_per_alert": False,
    "kafka_cpu_s_per_alert": False,
    "long_packet_cpu_s.1000": False,
    "peak_rss_mb": False,
}


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure beside its earlier value.

    Attributes
    ----------
    name : str
    old, new : float
    worse : float
        Over 1 where it became worse.
    """

    name: str
    old: float
    new: float
    worse: float


def read_figures(file: Path) -> dict[str, Any]:
    """Read what ``--json`` wrote.

    Raises
    ------
    ConfigurationError
        It cannot be read, or is no such file.
    """
    try:
        figures = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--compare {file}: {error}; give what 'sosia bench --json' wrote") from error
    if not isinstance(figures, dict) or "stages" not in figures:
        raise ConfigurationError(f"--compare {file}: holds no figures; give what 'sosia bench --json' wrote")
    return figures


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Ratio]:
    """Compare the figures that both runs have."""
    ratios = []
    for name, more_is_better in COMPARED.items():
        before, after = _figure(old, name), _figure(new, name)
        if before and after:
            ratios.append(Ratio(name, before, after, before / after if more_is_better else after / before))
    return ratios


def regressions(ratios: list[Ratio], bound: float = BOUND) -> list[Ratio]:
    """Return what became worse by more than the bound."""
    return [ratio for ratio in ratios if ratio.worse > bound]


def _figure(figures: Mapping[str, Any], name: str) -> float | None:
    value: Any = figures
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) else None
