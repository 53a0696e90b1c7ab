"""What is known of some objects, read off their look-alikes: class fractions and properties, each with its scatter.

The plain estimate of a property is its mean over the nearest look-alikes that have it (Torbaniuk et al., after ULISSE);
a class is a property that is 1 or 0, and its mean the class's fraction. A catalogue has more of some objects than of
others, and draws the mean to them; the density-weighted estimate divides each look-alike by how many of the catalogue
share its cell of (classes, properties), properties in `CELLS` cells each.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.annotation import Estimate
from broker.novelty.arrays import map_array
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.novelty.population_index import PopulationIndex

#: Look-alikes that an estimate rests on, as in ULISSE.
NEIGHBOURS = 16
#: Along each property, over the range of the middle 98 % of its values.
CELLS = 10
#: A text column of more different words is no class.
MOST_CLASSES = 50
VALUES, NAMES, WEIGHTS = "label_values.npy", "label_names.npy", "label_weights.npy"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What is known of objects.

    Attributes
    ----------
    names : tuple of str
        Of the properties; ``column=word`` for a class.
    values : mapping
        By object id: float32 array (properties,), NaN where unknown.
    """

    names: tuple[str, ...]
    values: Mapping[str, NDArray[np.float32]]

    def of(self, object_ids: Sequence[str]) -> NDArray[np.float32]:
        """Return what is known of some objects (n, properties)."""
        unknown = np.full(len(self.names), np.nan, np.float32)
        return np.array([self.values.get(one, unknown) for one in object_ids], np.float32).reshape(
            len(object_ids), len(self.names)
        )


def read_table(path: Path) -> Table:
    """Read a CSV table with a header; its first column names the objects, words make classes, empty is unknown.

    Raises
    ------
    NoveltyIndexError
        It is none, or a column has too many words.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = [row for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise NoveltyIndexError(f"labels {path}: no CSV table with a header: {error}") from error
    if any(len(row) != len(header) for row in rows):
        raise NoveltyIndexError(f"labels {path}: a row has not the header's {len(header)} columns")
    names: list[str] = []
    columns: list[list[float]] = []
    for name, words in zip(header[1:], list(zip(*rows, strict=True))[1:], strict=True):
        for label, values in _columns(name, words, path).items():
            names.append(label)
            columns.append(values)
    table = np.array(columns, np.float32).T.reshape(len(rows), len(names))
    return Table(tuple(names), {row[0]: table[number] for number, row in enumerate(rows)})


def _columns(name: str, words: tuple[str, ...], path: Path) -> dict[str, list[float]]:
    try:
        return {name: [float(word) if word else np.nan for word in words]}
    except ValueError:
        classes = sorted({word for word in words if word})
    if len(classes) > MOST_CLASSES:
        raise NoveltyIndexError(f"labels {path}: column {name!a} has more than {MOST_CLASSES} different words")
    return {f"{name}={one}": [float(word == one) if word else np.nan for word in words] for one in classes}


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What is known of an index's entries.

    Attributes
    ----------
    names : tuple of str
    values : float32 array (entries, properties)
        NaN where unknown.
    weights : float32 array (entries,)
        One over the number of entries in the same cell.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def open(cls, folder: Path) -> Labels | None:
        """Map a population's labels, or return None where it has none; raises as `map_array`."""
        if not (folder / VALUES).is_file():
            return None
        names = tuple(str(one) for one in map_array(folder / NAMES, np.str_))
        found = cls(names, map_array(folder / VALUES, np.float32, axes=2), map_array(folder / WEIGHTS, np.float32))
        if found.values.shape != (len(found.weights), len(names)):
            raise ValueError("its labels do not belong together")
        return found

    def estimates(self, rows: NDArray[np.int64]) -> list[Estimate]:
        """Estimate every property from look-alikes, nearest first: plain, and density-weighted.

        Parameters
        ----------
        rows : int array (k,)
            Of the look-alikes; those below zero are none.
        """
        rows = rows[rows >= 0]
        found = []
        for column, name in enumerate(self.names):
            values = self.values[rows, column].astype(np.float64)
            known = np.flatnonzero(np.isfinite(values))[:NEIGHBOURS]
            if not len(known):
                continue
            weights = self.weights[rows[known]].astype(np.float64)
            for label, share in ((name, np.ones(len(known))), (f"{name} (density-weighted)", weights)):
                mean = float(np.average(values[known], weights=share))
                scatter = float(np.sqrt(np.average((values[known] - mean) ** 2, weights=share)))
                found.append(Estimate(label, mean, scatter, len(known)))
        return found


def save_labels(index: PopulationIndex, table: Table) -> None:
    """Write what is known of an index's entries beside it.

    Raises
    ------
    NoveltyIndexError
        None of them is in the table.
    """
    ids = [index.entries.object_id(row) for row in range(len(index.entries))]
    values = table.of(ids)
    if ids and not any(one in table.values for one in ids):
        raise NoveltyIndexError(f"labels: the table's first column names none of the objects, such as {ids[0]!a}")
    np.save(index.folder / NAMES, np.array(table.names, np.str_))
    np.save(index.folder / VALUES, values)
    np.save(index.folder / WEIGHTS, density_weights(values))


def density_weights(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return one over the number of rows in each row's cell; unknown values have a cell of their own."""
    low, high = np.zeros(values.shape[1]), np.ones(values.shape[1])
    for column in range(values.shape[1]):
        known = values[np.isfinite(values[:, column]), column]
        if len(known):
            low[column], high[column] = np.quantile(known, (0.01, 0.99))
    width = np.where(high > low, high - low, 1.0)
    cells = np.clip(np.floor((values - low) / width * CELLS), 0, CELLS - 1)
    _, cell, counts = np.unique(np.nan_to_num(cells, nan=-1), axis=0, return_inverse=True, return_counts=True)
    return (1.0 / counts[cell.reshape(-1)]).astype(np.float32)
