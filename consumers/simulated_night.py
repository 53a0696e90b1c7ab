"""A simulated night for `sosia replay`: its packets, and the truth about them in a file of its own."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from models.simulate import rubin
from models.simulate.stream import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Alerts that belong to a rare class: far more than in the sky, so that a short night has some.
RARE_SHARE = 0.08


def simulated_packets(survey: str, alerts: int, seed: int, truth: Path | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of a night's packets as they are simulated.

    Parameters
    ----------
    survey : {"ztf", "lsst"}
    alerts, seed : int
        How many; the same seed gives the same night.
    truth : path, optional
        File that gets one JSON object an alert: what it is, which the packet does not tell.
    """
    with ExitStack() as stack:
        told = None if truth is None else stack.enter_context(truth.open("w", encoding="utf-8"))
        for alert in simulate(survey, alerts, seed, RARE_SHARE):
            if told is not None:
                told.write(json.dumps({**asdict(alert.truth), "rare": alert.truth.rare}) + "\n")
            yield f"simulated {survey} {alert.truth.epoch_id}", alert.packet


def save_night(folder: Path, survey: str, alerts: int, seed: int, truth: Path | None = None) -> int:
    """Write a night's packets into a folder, a file each, with the schema that they need; return how many.

    Parameters
    ----------
    folder : path
    survey, alerts, seed, truth
        As for `simulated_packets`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if survey == "lsst":
        save_schema(folder / "schema")
    written = 0
    for name, packet in simulated_packets(survey, alerts, seed, truth):
        (folder / f"{name.rpartition(' ')[-1]}.avro").write_bytes(packet)
        written += 1
    return written


def save_schema(folder: Path) -> Path:
    """Write the schema of simulated Rubin packets, which are in wire format, to a folder; return its file."""
    return rubin.save_schema(folder)
