"""Measured figures in one flat list, of which tables are cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.intervals import Figure


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure and where it stands.

    Attributes
    ----------
    sample : str
        What it was measured on.
    table, row, column : str
        The column is a rule, where rules are compared.
    figure : Figure
    share : bool
        Whether it is printed in per cent.
    """

    sample: str
    table: str
    row: str
    column: str
    figure: Figure
    share: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        figure = self.figure
        place = {"sample": self.sample, "table": self.table, "row": self.row, "column": self.column}
        numbers = {"value": figure.value, "low": figure.low, "high": figure.high}
        known = {name: number if math.isfinite(number) else None for name, number in numbers.items()}
        return place | known | {"n": figure.n}
