"""What the trails that are bright enough and yet missed have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.intervals import Figure, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.simulate.streaks.stamps import DrawnStamps

#: Light of other sources at a trail's place, in units of the trail's own, and lengths [px] that divide the trails.
BENEATH, SHORT, LONG = (0.1, 0.5), 8.0, 35.0


@dataclass(frozen=True, slots=True)
class Misses:
    """Trails of one kind: the share of them that was found, and their share of all that were not."""

    name: str
    recall: Figure
    share: float


def misses(stamps: DrawnStamps, found: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> list[Misses]:
    """Divide the chosen trails three ways: by the light beneath them, by their length, by where they end.

    Parameters
    ----------
    stamps : DrawnStamps
    found, chosen : bool arrays (n,)
        What passed the threshold, and which trails count.
    """
    beneath = np.abs(stamps.beneath) / np.maximum(stamps.snr, 1e-6)
    faint, bright = BENEATH
    kinds = {
        f"other light beneath less than {faint:g} of its own": beneath < faint,
        f"other light beneath {faint:g} to {bright:g} of its own": (beneath >= faint) & (beneath < bright),
        f"other light beneath more than {bright:g} of its own": beneath >= bright,
        f"shorter than {SHORT:g} px": stamps.length < SHORT,
        f"{SHORT:g} to {LONG:g} px": (stamps.length >= SHORT) & (stamps.length < LONG),
        f"longer than {LONG:g} px": stamps.length >= LONG,
        "both ends inside": ~stamps.partial,
        "one end outside": stamps.partial,
    }
    missed = max(int((chosen & ~found).sum()), 1)
    return [
        Misses(name, wilson(int(found[here].sum()), int(here.sum())), int((here & ~found).sum()) / missed)
        for name, kind in kinds.items()
        for here in [chosen & kind]
    ]
