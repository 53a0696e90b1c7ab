"""A small network of known behaviour, and pictures for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from broker.embedding import Embedder
from broker.examiner import Examiner
from broker.sky_framed import SkyFramed
from consumers.look_alikes.sightings import FileReader
from consumers.settings import EpochSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path


class Blocks:
    """Features are the mean colours of 8 x 8 blocks."""

    name = "blocks"
    input_size = 32

    @property
    def manifest(self) -> dict[str, str]:
        return {"architecture": "blocks"}

    def embed(self, images: np.ndarray) -> np.ndarray:
        blocks = images.reshape(len(images), 8, 4, 8, 4, 3).mean(axis=(2, 4))
        return blocks.reshape(len(images), -1).astype(np.float32) / 16


def reader(**settings: object) -> FileReader:
    given = Settings(epoch=EpochSettings(rule="reference-distance"), **settings)
    return FileReader(given, examiner=Examiner(Embedder(Blocks(), SkyFramed())))


def draw(path: Path, x: float, y: float, size: float, seed: int, tail: float = 0.0) -> None:
    """A blob on noise, with a bent tail of some brightness; x to the right, y downwards, in shares of the side."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64] / 63
    image = 30 + rng.normal(0, 2, (64, 64)) + 200 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * size**2))
    bent = np.exp(-((rows - y - 2 * (columns - x) ** 2) ** 2) / (2 * 0.05**2))
    image += tail * bent * (columns > x) * (columns < x + 0.35)
    Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(path)


def gallery(folder: Path, each: int = 30) -> None:
    """Round blobs in the middle, and some at the left edge."""
    folder.mkdir()
    for number in range(each):
        draw(folder / f"middle-{number}.png", 0.5, 0.5, 0.08 + 0.002 * (number % 7), number)
        draw(folder / f"left-{number}.png", 0.3, 0.5, 0.08 + 0.002 * (number % 7), 1000 + number)
