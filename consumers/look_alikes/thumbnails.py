"""Small grey pictures of stamps, kept beside an index so that look-alikes can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consumers.contact_sheet import Triplet, tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: [px]; 2.3 kB each.
SIDE = 48


def thumbnail(image: NDArray[np.float32] | None, *, rows_up: bool = True) -> NDArray[np.uint8]:
    """Draw an image, its bands averaged, as contact sheets do; black where there is none.

    Returns
    -------
    uint8 array (SIDE, SIDE)
    """
    from PIL import Image

    if image is None:
        return np.zeros((SIDE, SIDE), np.uint8)
    flat = image.reshape(-1, *image.shape[-2:]).mean(axis=0)
    drawn, _, _ = tiles(Triplet("", None, "", flat, None, None, rows_up=rows_up))
    assert drawn is not None  # since there is an image
    return np.asarray(Image.fromarray(drawn).convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR))
