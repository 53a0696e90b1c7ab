"""Draws frozen stamps as the network sees them: what it finds, what it misses, what it takes for a merger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.merger_network import prepare
from models.simulate.mergers.frozen import frozen_stamps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.merger_finder import MergerFinder

STAMPS, COLUMNS, ROWS = 2000, 14, 2
_ZOOM, _GAP = 2, 2
#: From black to white, in the units of `prepare`.
_BLACK, _WHITE = -0.1, 1.0


def save_picture(finder: MergerFinder, threshold: float, file: Path) -> None:
    """Draw two rows each of found mergers, missed mergers, passed impostors and rejected impostors, as PNG.

    The found and the rejected come as they were drawn, the errors with the surest first.
    """
    from PIL import Image

    stamps, images = frozen_stamps(STAMPS)
    scores = np.array(finder.look(list(images)))
    merger, passed = stamps.merger, scores > threshold
    surest = np.argsort(-np.abs(scores - threshold))
    wrong = surest[(merger != passed)[surest]]
    chosen = (
        np.flatnonzero(merger & passed), wrong[merger[wrong]], wrong[~merger[wrong]], np.flatnonzero(~merger & ~passed),
    )  # fmt: skip
    rows = [row for part in chosen if len(part) for row in np.resize(part, (ROWS, COLUMNS))]
    sheet = np.vstack([np.hstack([_tile(one) for one in prepare([images[n] for n in row])[..., 0]]) for row in rows])
    picture = Image.fromarray(sheet)
    picture.resize((picture.width * _ZOOM, picture.height * _ZOOM), Image.Resampling.NEAREST).save(file)


def _tile(window: NDArray[np.float32]) -> NDArray[np.uint8]:
    grey = (255 * np.clip((window - _BLACK) / (_WHITE - _BLACK), 0.0, 1.0)).astype(np.uint8)
    return np.pad(grey, _GAP, constant_values=255)
