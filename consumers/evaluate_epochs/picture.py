"""Shows epochs that were missed, caught, falsely flagged and passed, each beside its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consumers.contact_sheet import Section, Triplet, save_contact_sheet
from consumers.evaluate_epochs.rules import SOSIA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from consumers.evaluate_epochs.judged import JudgedEpoch

#: Of each section.
SHOWN = 9
SEED = 20120

SECTIONS: dict[str, Callable[[JudgedEpoch], bool]] = {
    "Missed: faults above S/N 10 that sosia passes": lambda one: one.bad and not one.told(SOSIA),
    "Caught: faults above S/N 10 that sosia flags": lambda one: one.bad and one.readable and one.told(SOSIA),
    "Falsely flagged: good epochs that sosia flags": lambda one: one.good and one.readable and one.told(SOSIA),
    "Passed: good epochs that sosia passes": lambda one: one.good and not one.told(SOSIA),
}


def save_picture(path: Path, epochs: Sequence[JudgedEpoch]) -> None:
    """Draw the sheet and write it as PNG.

    Parameters
    ----------
    path : Path
    epochs : sequence of JudgedEpoch
        Of which some are shown, by chance, of as many kinds of fault or change as there are.
    """
    sections = [
        Section(heading, [_triplet(one) for one in choice([one for one in epochs if belongs(one)])])
        for heading, belongs in SECTIONS.items()
    ]
    save_contact_sheet(path, "Epochs beside their references; sosia's score, over 1 is problematic", sections)


def choice(epochs: Sequence[JudgedEpoch]) -> list[JudgedEpoch]:
    """Draw epochs kind by kind in turns."""
    shuffled = [epochs[i] for i in np.random.default_rng(SEED).permutation(len(epochs))]
    seen: dict[str, int] = {}
    turns = []
    for one in shuffled:
        turn = seen.get(_what(one), 0)
        seen[_what(one)] = turn + 1
        turns.append(turn)
    order = np.argsort(turns, kind="stable")[:SHOWN]
    return sorted((shuffled[i] for i in order), key=_what)


def _what(one: JudgedEpoch) -> str:
    """Name what an epoch shows: its fault, else its change, else its seeing."""
    return one.exposure.fault or one.exposure.change or one.exposure.extreme or "nothing changed"


def _triplet(one: JudgedEpoch) -> Triplet:
    exposure = one.exposure
    snr = exposure.fault_snr if exposure.fault else exposure.change_snr
    strength = f", S/N {snr:.0f}" if snr else ""
    return Triplet(
        title=f"{_what(one)}{strength}",
        distance=one.scores.get(SOSIA),
        note=f"{one.world}, {one.observed.format}, {one.earlier} earlier epochs",
        science=exposure.science,
        reference=one.observed.reference,
        difference=exposure.science - one.observed.reference,
    )
