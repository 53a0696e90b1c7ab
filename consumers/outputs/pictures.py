"""The pictures of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consumers.contact_sheet import ACCENT, Triplet, tiles
from consumers.outputs.row import Picture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from broker.packet import Packet

#: Largest side of a picture [px].
SIDE = 512


def triplet(packet: Packet) -> list[Picture]:
    """Draw an alert's science image, reference and difference, as `drawn`."""
    labels = ("science", "reference", "difference")
    return [Picture(label, one) for label, one in zip(labels, drawn(packet), strict=True)]


def drawn(packet: Packet) -> list[NDArray[np.uint8] | None]:
    """Draw an alert's science image, reference and difference; of bands the middle one, as the networks see it."""
    from consumers.client.alert import stamps_of  # with it comes Kafka's client, which only reports would need

    stamps = stamps_of(packet)
    science, reference, difference = (
        image if image is None or image.ndim == 2 else image[len(image) // 2]
        for image in (stamps.science, stamps.reference, stamps.difference)
    )
    rows_up = packet.survey.name != "ztf"  # as on the contact sheets
    return list(tiles(Triplet("", None, "", science, reference, difference, rows_up=rows_up)))


def single(
    label: str, pixels: NDArray[np.float32], *, rows_up: bool, ends: Iterable[tuple[float, float]] = ()
) -> list[Picture]:
    """Draw one image, a large one smaller, with rings about some places in it.

    Parameters
    ----------
    label : str
    pixels : float32 array (rows, columns)
    rows_up : bool
        Whether the first row is drawn lowest.
    ends : iterable of (x, y)
        [px of the image].
    """
    from PIL import Image, ImageDraw

    step = -(-max(pixels.shape) // SIDE)
    tile, _, _ = tiles(Triplet("", None, "", pixels[::step, ::step], None, None, rows_up=rows_up))
    assert tile is not None  # since there is an image
    picture = Image.fromarray(tile)
    rings = [(x / step, y / step) for x, y in ends]
    if rings:
        larger = max(1, SIDE // (2 * picture.width))  # rings in the pixels of a stamp would hide it
        picture = picture.resize((larger * picture.width, larger * picture.height), Image.Resampling.NEAREST)
        pen = ImageDraw.Draw(picture)
        rows = -(-pixels.shape[0] // step)
        radius = max(5, picture.width // 40)
        for x, y in rings:
            row = rows - 1 - y if rows_up else y
            centre = (larger * (x + 0.5), larger * (row + 0.5))
            pen.ellipse([one - radius for one in centre] + [one + radius for one in centre], outline=ACCENT, width=2)
    return [Picture(label, np.asarray(picture))]
