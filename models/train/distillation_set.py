"""What a student learns from: drawn stamps, as it will see them, and its teacher's features of them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models import student
from models.train.scenes import FORMATS
from models.train.stamps import draw_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.backbone import Backbone
    from models.train.stamps import DrawnPair

PAIRS_A_SHARD = 1000


class Preparation(Protocol):
    """How drawn stamps become a network's input: the broker's own chain, handed in since `models` imports no broker."""

    @property
    def digest(self) -> str:
        """Hash of the chain's constants and versions."""

    def stretched(
        self, pairs: Sequence[DrawnPair]
    ) -> list[tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]]:
        """Bring pairs to the sky frame and stretch them: science and reference (bands, side, side) or None."""

    def network_input(self, images: Sequence[NDArray[np.float32]], side: int) -> NDArray[np.float32]:
        """Give images a network's side and three channels, (n, side, side, 3) in 0 to 255."""


@dataclass(frozen=True, slots=True, eq=False)
class DistillationSet:
    """Images and what the teacher makes of them.

    Attributes
    ----------
    images : uint8 array (n, 64, 64, 3)
        The student's input, rounded.
    features : float16 array (n, d)
        The teacher's.
    pair : int array (n,)
        The same number for a science image and its reference.
    science : bool array (n,)
        Which of the two it is.
    format : int array (n,)
        Place in `models.train.stamps.FORMATS`.
    """

    images: NDArray[np.uint8]
    features: NDArray[np.float16]
    pair: NDArray[np.int32]
    science: NDArray[np.bool_]
    format: NDArray[np.int8]

    @classmethod
    def joined(cls, parts: Sequence[DistillationSet]) -> DistillationSet:
        """Put sets behind each other; pairs are numbered anew."""
        offsets = np.cumsum([0, *(int(part.pair.max()) + 1 for part in parts)])
        return cls(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.pair + offset for part, offset in zip(parts, offsets[:-1], strict=True)]),
            np.concatenate([part.science for part in parts]),
            np.concatenate([part.format for part in parts]),
        )


def make_shards(
    folder: Path,
    shards: range,
    teacher: Backbone,
    preparation: Preparation,
    seed: int,
    progress: Callable[[], None],
    processes: int = 2,
) -> Iterator[DistillationSet]:
    """Make a set shard by shard; what an earlier call finished is read from its folder.

    Parameters
    ----------
    folder : path
        Where shards are kept.
    shards : range
        Numbers of the shards to make; each has its own random numbers.
    teacher : Backbone
        Whose features are to be learnt.
    preparation : Preparation
        The broker's frame, stretch and resizing; it must be picklable.
    seed : int
    progress : callable
        Called after each shard.
    processes : int
        That draw stamps.

    Yields
    ------
    DistillationSet
        One a shard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        shard: folder / f"{teacher.digest[:12]}-{preparation.digest[:12]}-{seed}-{shard:04d}.npz" for shard in shards
    }
    missing = [shard for shard, file in files.items() if not file.is_file()]
    draw = partial(_draw_shard, seed=seed, preparation=preparation)
    for _ in range(len(files) - len(missing)):
        progress()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        waiting = {shard: pool.submit(draw, shard) for shard in missing[: 2 * processes]}
        for place, shard in enumerate(missing):
            images, inputs, pair, science, form = waiting.pop(shard).result()
            following = place + 2 * processes
            if following < len(missing):
                waiting[missing[following]] = pool.submit(draw, missing[following])
            features = np.concatenate(
                [
                    teacher.embed(preparation.network_input(images[start : start + 256], teacher.input_size))
                    for start in range(0, len(images), 256)
                ]
            )
            unfinished = files[shard].with_suffix(".part.npz")
            np.savez(
                unfinished, images=inputs, features=features.astype(np.float16), pair=pair, science=science, format=form
            )
            unfinished.rename(files[shard])
            progress()
    for shard in shards:
        yield read_shard(files[shard])


def read_shard(file: Path) -> DistillationSet:
    """Read one shard."""
    with np.load(file, allow_pickle=False) as stored:
        return DistillationSet(*(stored[name] for name in ("images", "features", "pair", "science", "format")))


def _draw_shard(
    shard: int, *, seed: int, preparation: Preparation
) -> tuple[list[NDArray[np.float32]], NDArray[np.uint8], NDArray[np.int32], NDArray[np.bool_], NDArray[np.int8]]:
    pairs = [draw_pair(np.random.default_rng([seed, shard, number])) for number in range(PAIRS_A_SHARD)]
    names = list(FORMATS)
    rows = [
        (image, number, which == 0, names.index(pair.format))
        for number, (pair, images) in enumerate(zip(pairs, preparation.stretched(pairs), strict=True))
        for which, image in enumerate(images)
        if image is not None
    ]
    images = [row[0] for row in rows]
    inputs = np.rint(preparation.network_input(images, student.SIDE)).astype(np.uint8)
    return (
        images,
        inputs,
        np.array([row[1] for row in rows], np.int32),
        np.array([row[2] for row in rows]),
        np.array([row[3] for row in rows], np.int8),
    )
