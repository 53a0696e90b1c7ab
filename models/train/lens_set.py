"""Simulated lenses and impostors on disk, without noise: the noise is new each time that they are seen."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.lenses.population import BEYOND, CONFUSING, TRAINING
from models.simulate.lenses.stamps import draw_stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: Stamps of a shard.
SHARD = 4096

_BEYOND, _CONFUSING = "-beyond", "-confusing"
_POPULATIONS = {
    sky + ending: population
    for ending, skies in (("", TRAINING), (_BEYOND, BEYOND), (_CONFUSING, CONFUSING))
    for sky, population in skies.items()
}

#: A key of the populations, and a number.
Name = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class LensShard:
    """Some stamps.

    Attributes
    ----------
    images : float16 array (n, bands, side, side)
        Noiseless, in units of the sky noise; may be mapped from disk.
    lens : float32 array (n,)
        1 or 0.
    information_content : float32 array (n,)
        NaN without a lens.
    einstein_radius : float32 array (n,)
        [arcsec]; NaN without a lens.
    """

    images: NDArray[np.float16]
    lens: NDArray[np.float32]
    information_content: NDArray[np.float32]
    einstein_radius: NDArray[np.float32]


def names(sky: str, shards: int) -> list[Name]:
    """Name the shards of a training on ``ground`` or ``space``: an eighth are `BEYOND`, three eighths `CONFUSING`."""
    beyond, confusing = shards // 8, 3 * shards // 8
    shares = {sky: shards - beyond - confusing, sky + _BEYOND: beyond, sky + _CONFUSING: confusing}
    return [(world, number) for world, count in shares.items() for number in range(count)]


def unseen(sky: str) -> Name:
    """Name the shard that no training sees."""
    return sky, 100_000


def draw_shards(
    names: Sequence[Name], folder: Path, processes: int, drawn: Callable[[], None], shard: int = SHARD
) -> None:
    """Draw those shards that are not yet there; `drawn` is called for each."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if not _truth_file(folder, name).exists()]
    for _ in range(len(names) - len(missing)):
        drawn()
    if not missing:
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        waiting = [pool.submit(_draw_shard, name, folder, shard) for name in missing]
        for one in waiting:
            one.result()
            drawn()


def open_shard(folder: Path, name: Name) -> LensShard:
    """Map a shard from disk."""
    return LensShard(np.load(_images_file(folder, name), mmap_mode="r"), *np.load(_truth_file(folder, name)))


def _draw_shard(name: Name, folder: Path, shard: int) -> None:
    world, number = name
    drawn = draw_stamps(_POPULATIONS[world], shard, number * shard, noisy=False)
    np.save(_images_file(folder, name), drawn.images)
    # Written last: a shard without it was broken off.
    truth = [drawn.lens.astype(np.float32), drawn.information_content, drawn.einstein_radius]
    np.save(_truth_file(folder, name), np.stack(truth))


def _images_file(folder: Path, name: Name) -> Path:
    return folder / f"{name[0]}-{name[1]}.images.npy"


def _truth_file(folder: Path, name: Name) -> Path:
    return folder / f"{name[0]}-{name[1]}.truth.npy"
