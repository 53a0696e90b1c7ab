"""One result, as every output takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One image as people see it.

    Attributes
    ----------
    label : str
        What is written below it.
    colours : uint8 array (rows, columns, 3) or None
        Row 0 on top; None where there is no image.
    """

    label: str
    colours: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One result.

    Attributes
    ----------
    fields : mapping
        As ``--json`` prints them; with `error` where there is none but the reason.
    draw : callable
        Makes its pictures, where somebody wants to see them.
    marked : bool
        Whether it is to be seen at first sight.
    """

    fields: Mapping[str, Any]
    draw: Callable[[], Sequence[Picture]] = tuple
    marked: bool = False


class Output(Protocol):
    """Where results go, one after the other."""

    def add(self, row: Row) -> None:
        """Take in one result."""

    def close(self) -> None:
        """Write what is not yet written."""
