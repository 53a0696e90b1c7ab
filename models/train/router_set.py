"""The router's stamps on disk: drawn once, in shards, and looked at by the class networks once."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.mix.draw import Drawn, draw

if TYPE_CHECKING:
    from pathlib import Path

    from models.simulate.mix.frozen import Part

#: Stamps of a shard.
SHARD = 1024


def draw_shard(folder: Path, source: str, part: Part, number: int, positives: float) -> Path:
    """Draw a shard unless it is there, and return its file.

    Parameters
    ----------
    folder : path
    source, part
        As in `draw`.
    number : int
        Of the shard, from 0.
    positives : float
        Share of the class.
    """
    file = folder / f"{source}-{part}-{number}-{positives:g}.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        drawn = draw(source, part, number * SHARD, SHARD, positives)
        half_way = file.with_suffix(".part.npz")
        held = {one.name: getattr(drawn, one.name) for one in fields(Drawn)}
        np.savez(half_way, **{name: one for name, one in held.items() if one is not None})
        half_way.replace(file)
    return file


def open_shard(file: Path) -> Drawn:
    """Read a shard."""
    with np.load(file) as stored:
        return Drawn(**{name: stored[name] for name in stored.files})
