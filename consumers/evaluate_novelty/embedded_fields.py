"""Embeddings of drawn fields, shard by shard in a folder: what an earlier call made is not made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.embedding import Embedder
from broker.frame import bring_to_frame
from broker.geometry import Geometry, SkyFrame
from broker.history.embedding_bytes import half
from broker.stretch import stretch
from consumers.evaluate_novelty.fields import CELLS, SCALE, SIDE, draw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

#: Draws of one shard: 26 MB of half floats.
DRAWS = 20
SHARD = DRAWS * CELLS


def shards(folder: Path, embedder: Embedder, seed: int, count: int) -> Iterator[NDArray[np.float16]]:
    """Yield the embeddings of stamps, shard by shard.

    Parameters
    ----------
    folder : Path
        Where shards are kept.
    embedder : Embedder
        With the preprocessing ``sky-frame``.
    seed : int
        Of the stamps.
    count : int
        Of the stamps; the last shard is cut.

    Yields
    ------
    float16 array (at most `SHARD`, d)
        Mapped from its file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = embedder.digest(SkyFrame(SIDE, SCALE))[:12]
    for number, start in enumerate(range(0, count, SHARD)):
        file = folder / f"{name}-{seed}-{number:04d}.npy"
        if not file.is_file():
            places = [embed(embedder, draw(seed, number * DRAWS + part)) for part in range(DRAWS)]
            unfinished = file.with_suffix(".part.npy")
            np.save(unfinished, np.concatenate(places))
            unfinished.rename(file)
        yield np.load(file, mmap_mode="r")[: count - start]


def embed(embedder: Embedder, stamps: NDArray[np.float32]) -> NDArray[np.float16]:
    """Embed stamps without a reference, which each has itself for its stretch."""
    network = embedder.backbone
    return half(network.embed(embedder.preprocessing.network_input(list(shown(stamps)), network.input_size)))


def shown(stamps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring stamps (n, side, side) to the sky frame, and stretch them (n, 1, side, side)."""
    geometry = Geometry.plain(stamps.shape[1:], SCALE)
    framed = bring_to_frame(list(stamps[:, None]), [geometry] * len(stamps), SkyFrame(SIDE, SCALE))
    return stretch(framed, framed)[0]
