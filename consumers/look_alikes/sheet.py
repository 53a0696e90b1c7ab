"""Draws single stamps in rows, nine to a line, on one dark sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consumers.contact_sheet import ACCENT, BACKGROUND, BRIGHT, DIM, HEADING, MARGIN, PANEL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

    Font = FreeTypeFont | BitmapFont

# Sizes [px].
TILE, GAP, CAPTION, COLUMNS = 120, 10, 40, 9
_LONGEST = 200


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One stamp.

    Attributes
    ----------
    picture : uint8 array (side, side) or None
    title, note : str
        Two lines below it.
    marked : bool
        Whether it has a frame.
    """

    picture: NDArray[np.uint8] | None
    title: str
    note: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """Some stamps under one heading."""

    heading: str
    tiles: Sequence[Tile]


def save_sheet(path: Path, title: str, strips: Sequence[Strip]) -> None:
    """Draw stamps and write them as PNG; empty strips are left out."""
    draw_sheet(title, [strip for strip in strips if strip.tiles]).save(path, format="PNG", optimize=True)


def draw_sheet(title: str, strips: Sequence[Strip]) -> Image:
    """Draw stamps; see `save_sheet`."""
    from PIL import Image, ImageDraw, ImageFont

    rows = sum(-(-len(strip.tiles) // COLUMNS) for strip in strips)
    size = (
        2 * MARGIN + COLUMNS * (TILE + GAP) - GAP,
        2 * MARGIN + HEADING * (1 + len(strips)) + rows * (TILE + CAPTION + GAP),
    )
    sheet = Image.new("RGB", size, BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    large, medium, small = (ImageFont.load_default(points) for points in (22, 17, 12))

    def write(corner: tuple[int, int], text: str, room: int, colour: tuple[int, int, int], font: Font) -> None:
        """Write one printable line, no wider than its place: a text may have come with a packet."""
        line = "".join(letter if letter.isprintable() else " " for letter in text)[:_LONGEST]
        while line and pen.textlength(line, font) > room:
            line = line[:-1]
        pen.text(corner, line, fill=colour, font=font)

    write((MARGIN, MARGIN - 4), title, size[0] - 2 * MARGIN, BRIGHT, large)
    top = MARGIN + HEADING
    for strip in strips:
        write((MARGIN, top + 8), strip.heading, size[0] - 2 * MARGIN, ACCENT, medium)
        top += HEADING
        for number, tile in enumerate(strip.tiles):
            row, column = divmod(number, COLUMNS)
            left, upper = MARGIN + column * (TILE + GAP), top + row * (TILE + CAPTION + GAP)
            if tile.picture is None:
                pen.rectangle((left, upper, left + TILE - 1, upper + TILE - 1), fill=PANEL)
                write((left + 8, upper + TILE // 2 - 8), "no picture", TILE - 16, DIM, small)
            else:
                picture = Image.fromarray(np.asarray(tile.picture)).resize((TILE, TILE), Image.Resampling.NEAREST)
                sheet.paste(picture.convert("RGB"), (left, upper))
            if tile.marked:
                pen.rectangle((left, upper, left + TILE - 1, upper + TILE - 1), outline=ACCENT, width=3)
            write((left, upper + TILE + 3), tile.title, TILE, BRIGHT, small)
            write((left, upper + TILE + 19), tile.note, TILE, DIM, small)
        top += -(-len(strip.tiles) // COLUMNS) * (TILE + CAPTION + GAP)
    return sheet
