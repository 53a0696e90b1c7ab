"""How the whole system is run by the benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class WholeOptions:
    """How the whole system is run.

    Attributes
    ----------
    rate, seconds : float
        Of the steady part [1/s, s].
    workers : int
    batch_size : int
        Most alerts a batch.
    index : Path or None
        Folder of versions of the novelty index.
    schemas : Path or None
        Folder of the schemas of wire-format packets.
    folder : Path
        For data, configurations and logs.
    pin : bool
        Give each worker one core of its own.
    """

    rate: float
    seconds: float
    workers: int
    batch_size: int
    index: Path | None
    schemas: Path | None
    folder: Path
    pin: bool = False
