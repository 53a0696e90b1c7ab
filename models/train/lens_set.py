"""Simulated lenses and impostors on disk, without noise: the noise is new each time that they are seen."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.lenses.population import TRAINING
from models.simulate.lenses.stamps import draw_stamps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

#: Stamps of a shard.
SHARD = 4096
#: Number of the shard that no training sees.
VALIDATION = 100_000


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
    """

    images: NDArray[np.float16]
    lens: NDArray[np.float32]
    information_content: NDArray[np.float32]


def draw_shards(
    sky: str, numbers: list[int], folder: Path, processes: int, drawn: Callable[[], None], shard: int = SHARD
) -> None:
    """Draw those shards of ``ground`` or ``space`` that are not yet there; `drawn` is called for each."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number in numbers if not _truth_file(folder, sky, number).exists()]
    for _ in range(len(numbers) - len(missing)):
        drawn()
    if not missing:
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        waiting = [pool.submit(_draw_shard, sky, number, folder, shard) for number in missing]
        for one in waiting:
            one.result()
            drawn()


def open_shard(folder: Path, sky: str, number: int) -> LensShard:
    """Map a shard from disk."""
    images = np.load(_images_file(folder, sky, number), mmap_mode="r")
    return LensShard(images, *np.load(_truth_file(folder, sky, number)))


def _draw_shard(sky: str, number: int, folder: Path, shard: int) -> None:
    drawn = draw_stamps(TRAINING[sky], shard, number * shard, noisy=False)
    np.save(_images_file(folder, sky, number), drawn.images)
    # Written last: a shard without it was broken off.
    np.save(_truth_file(folder, sky, number), np.stack([drawn.lens.astype(np.float32), drawn.information_content]))


def _images_file(folder: Path, sky: str, number: int) -> Path:
    return folder / f"{sky}-{number}.images.npy"


def _truth_file(folder: Path, sky: str, number: int) -> Path:
    return folder / f"{sky}-{number}.truth.npy"
