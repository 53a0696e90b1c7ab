"""What the merger network learns from: drawn stamps, kept without noise, and given new noise every time."""

from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from models.merger_network import prepare
from models.simulate.mergers.population import TRAINING
from models.simulate.mergers.stamps import BATCH, draw_stamps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

#: Half floats end at 65,504.
_BRIGHTEST = 6.0e4
#: Smallest stamp [px].
_SMALLEST = 44

Windows = tuple["NDArray[np.float16]", "NDArray[np.float32]"]


def shard_file(folder: Path, number: int) -> Path:
    """Tell where a shard is kept."""
    return folder / f"merger-{number:04d}.npz"


def draw_set(folder: Path, shards: int, shard: int, processes: int, progress: Callable[[int], None]) -> None:
    """Draw the shards, of `shard` stamps, that the folder lacks: 1,024 stamps are 19 MB and some 5 s."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number in range(shards) if not shard_file(folder, number).is_file()]
    progress(shards - len(missing))
    files = [shard_file(folder, number) for number in missing]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(_draw_shard, files, missing, repeat(shard)), 1):
            progress(shards - len(missing) + done)


def _draw_shard(file: Path, number: int, count: int) -> None:
    drawn = draw_stamps(TRAINING, count, number * count // BATCH)
    images = np.clip(drawn.images, -_BRIGHTEST, _BRIGHTEST).astype(np.float16)
    unfinished = file.with_suffix(".tmp")
    with unfinished.open("wb") as stream:
        np.savez(stream, images=images, kind=drawn.kind)
    unfinished.rename(file)


def seen_anew(folder: Path, number: int, seed: int) -> Windows:
    """Show a shard as the network would see it in another survey, another exposure, another file.

    Parameters
    ----------
    folder : path
        Of `draw_set`.
    number : int
        Of the shard; each has noise and looks of its own.
    seed : int

    Returns
    -------
    windows : float16 array (n, 64, 64, 2)
    labels : float32 array (n,)
        1 for mergers.
    """
    with np.load(shard_file(folder, number)) as shard:
        images, merger = shard["images"].astype(np.float32), shard["kind"] == "merger"
    rng = np.random.default_rng([seed, number])
    images *= np.exp(rng.uniform(-0.7, 0.7, (len(images), 1, 1))).astype(np.float32)
    noise = rng.standard_normal(images.shape, dtype=np.float32)
    for one in np.flatnonzero(rng.random(len(noise)) < 0.3):
        noise[one] = _correlated(rng, noise[one])
    noise *= np.sqrt(1.0 + 0.02 * np.maximum(images, 0.0))
    images += noise
    return prepare([_anew(rng, image) for image in images]).astype(np.float16), merger.astype(np.float32)


def _correlated(rng: np.random.Generator, noise: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlate noise from pixel to pixel, as resampling does."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(noise, rng.uniform(0.4, 1.2), truncate=2.0)
    return np.asarray(smooth / smooth.std(), np.float32)


def _anew(rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    side = len(image)
    if rng.random() < 0.4:
        cut = int(rng.integers(0, (side - _SMALLEST) // 2))
        image = image[cut : side - cut, cut : side - cut]
    edge = _beyond_an_edge(rng, len(image)) if rng.random() < 0.1 else None
    if edge is not None:
        image = np.where(edge, image.min(), image)
    if rng.random() < 0.55:
        image = _as_picture(rng, image)
    if edge is not None and rng.random() < 0.6:
        image = np.where(edge, np.float32(np.nan), image)
    return image


def _beyond_an_edge(rng: np.random.Generator, side: int) -> NDArray[np.bool_]:
    """Tell which pixels the survey does not cover: those beyond a straight line that leaves the middle alone."""
    along = np.arange(side) - 0.5 * (side - 1)
    angle = rng.choice([rng.uniform(0, 2 * np.pi), 0.5 * np.pi * rng.integers(4)])
    distance = along * np.cos(angle) + along[:, None] * np.sin(angle)
    return np.asarray(distance > rng.uniform(0.12, 0.5) * side)


def _as_picture(rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch, clip and round an image as picture files are; half of them through JPEG."""
    from PIL import Image

    ordered = np.sort(image, axis=None)
    black = ordered[len(ordered) // 2] + rng.uniform(-3.0, 1.0)
    white = ordered[int(rng.choice([rng.uniform(0.97, 1.0), 1.0]) * (len(ordered) - 1))]
    shown = np.clip((image - black) / max(white - black, 1.0), 0.0, 1.0)
    if rng.random() < 0.7:
        strength = np.exp(rng.uniform(0.0, 6.0))
        shown = np.arcsinh(strength * shown) / np.arcsinh(strength)
    else:
        shown = shown ** rng.uniform(0.35, 1.0)
    rounded = np.rint(255.0 * shown).astype(np.uint8)
    if rng.random() < 0.5:
        stream = io.BytesIO()
        Image.fromarray(rounded).save(stream, "JPEG", quality=int(rng.integers(70, 96)))
        rounded = np.asarray(Image.open(stream))
    return np.asarray(rounded, np.float32)
