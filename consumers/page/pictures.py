"""An alert's images as one PNG: science, reference and difference side by side."""

from __future__ import annotations

import io
import textwrap
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from broker.reader import Reader
from broker.surveys.rubin import Rubin
from broker.surveys.stamps import Stamps
from broker.surveys.ztf import Ztf
from consumers.outputs.pictures import drawn
from schemas.errors import SosiaError, UnreadableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from consumers.page.board import Entry
    from consumers.page.packets import Packets
    from schemas.source import SchemaSource

#: Side of one image and the gap between two [px].
SIDE, GAP = 126, 3
#: Letters of a line of text, where there is no picture.
LETTERS = 60
#: Pictures that are kept; some 40 kB each.
KEPT = 600
EMPTY, DIM = (24, 27, 34), (146, 152, 166)


class Pictures:
    """Draws triplets, and keeps the newest of them.

    Parameters
    ----------
    packets : Packets
        Where the images are.
    source : SchemaSource or None
        Where schemas of wire format come from.
    """

    def __init__(self, packets: Packets, source: SchemaSource | None) -> None:
        self._packets = packets
        self._reader = Reader([Ztf(), Rubin(), Stamps()], source)
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def triplet(self, entry: Entry) -> bytes:
        """Return an entry's triplet as PNG, three images of `SIDE` px; one that says why where there is no packet.

        Raises
        ------
        confluent_kafka.KafkaException
            The cluster does not answer.
        """
        with self._lock:
            if entry.origin in self._kept:
                self._kept.move_to_end(entry.origin)
                return self._kept[entry.origin]
        try:
            payload = self._packets.find(entry)
        except SosiaError as error:  # such as that a right is missing: whoever looks at the page is to know
            return _png([None, None, None], str(error))
        if payload is None:
            return _png([None, None, None], "packet no longer kept")
        picture = self._draw(payload)
        with self._lock:
            self._kept[entry.origin] = picture
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return picture

    def _draw(self, payload: bytes) -> bytes:
        try:
            packet = self._reader.read(payload)
        except UnreadableError:  # the worker read it, and this page cannot: it has another schema source
            return _png([None, None, None], "packet not readable")
        return _png(drawn(packet))


def _png(images: list[NDArray[np.uint8] | None], text: str = "") -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("RGB", (3 * SIDE + 2 * GAP, SIDE), EMPTY)
    for place, image in enumerate(images):
        if image is not None:
            tile = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.NEAREST)
            strip.paste(tile, (place * (SIDE + GAP), 0))
    if text:
        lines = textwrap.wrap(text, LETTERS, break_on_hyphens=False)
        size = 14 if len(lines) == 1 else 12
        top = (SIDE - len(lines) * size) // 2 - 2
        ImageDraw.Draw(strip).multiline_text((12, top), "\n".join(lines), DIM, ImageFont.load_default(size), spacing=2)
    buffer = io.BytesIO()
    strip.save(buffer, format="PNG")
    return buffer.getvalue()
