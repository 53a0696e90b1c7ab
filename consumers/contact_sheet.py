"""Draws alerts as triplets, science | reference | difference, on one dark sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

Pixels = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Colours = npt.NDArray[np.uint8]

# Sizes [px] and colours of the sheet.
TILE, GAP, MARGIN, CAPTION, HEADING = 120, 4, 24, 44, 46
COLUMNS = 3
BACKGROUND, PANEL = (13, 15, 20), (24, 27, 34)
BRIGHT, DIM, ACCENT = (232, 234, 240), (146, 152, 166), (255, 176, 84)
MISSING = (74, 32, 48)
FADED, BRIGHTENED = np.array([92.0, 150.0, 255.0]), np.array([255.0, 170.0, 70.0])


@dataclass(frozen=True, slots=True, eq=False)
class Triplet:
    """One alert to draw.

    Attributes
    ----------
    title : str
        What is written largest below it: survey, object and band.
    distance : float or None
        Between the embeddings of science and reference.
    note : str
        A second line: why there is no distance, or what was simulated.
    science, reference, difference : float32 array (rows, columns) or None
        Pixels, NaN where missing; None where the packet has no readable stamp. The
        difference is science minus reference.
    rows_up : bool
        Whether the first row is drawn lowest, as FITS viewers do.
    """

    title: str
    distance: float | None
    note: str
    science: Pixels | None
    reference: Pixels | None
    difference: Pixels | None
    rows_up: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """Some triplets under one heading."""

    heading: str
    triplets: Sequence[Triplet]


def save_contact_sheet(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Draw a sheet and write it as PNG.

    Parameters
    ----------
    path : Path
        Where to.
    title : str
        Written on top.
    sections : sequence of Section
        Drawn in order; empty ones are left out.
    """
    draw_contact_sheet(title, sections).save(path, format="PNG", optimize=True)


def draw_contact_sheet(title: str, sections: Sequence[Section]) -> Image:
    """Draw a sheet; see `save_contact_sheet`."""
    from PIL import Image, ImageDraw, ImageFont

    sections = [section for section in sections if section.triplets]
    cell_width, cell_height = 3 * TILE + 2 * GAP, TILE + CAPTION
    rows = sum(-(-len(section.triplets) // COLUMNS) for section in sections)
    width = 2 * MARGIN + COLUMNS * cell_width + (COLUMNS - 1) * MARGIN
    height = 2 * MARGIN + HEADING + len(sections) * HEADING + rows * (cell_height + GAP * 2)
    sheet = Image.new("RGB", (width, height), BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    large, medium, small = (ImageFont.load_default(size) for size in (22, 17, 14))

    pen.text((MARGIN, MARGIN - 4), title, fill=BRIGHT, font=large)
    legend = "science | reference | science - reference (orange: brighter, blue: fainter)"
    pen.text((width - MARGIN - pen.textlength(legend, small), MARGIN + 3), legend, fill=DIM, font=small)
    top = MARGIN + HEADING
    for section in sections:
        pen.text((MARGIN, top + 8), section.heading, fill=ACCENT, font=medium)
        pen.line((MARGIN, top + HEADING - 12, width - MARGIN, top + HEADING - 12), fill=PANEL, width=2)
        top += HEADING
        for number, triplet in enumerate(section.triplets):
            row, column = divmod(number, COLUMNS)
            corner = (MARGIN + column * (cell_width + MARGIN), top + row * (cell_height + GAP * 2))
            for place, tile in enumerate(tiles(triplet)):
                left = corner[0] + place * (TILE + GAP)
                if tile is None:
                    pen.rectangle((left, corner[1], left + TILE - 1, corner[1] + TILE - 1), fill=PANEL)
                    pen.text((left + 12, corner[1] + TILE // 2 - 8), "no image", fill=DIM, font=small)
                else:
                    picture = Image.fromarray(tile).resize((TILE, TILE), Image.Resampling.NEAREST)
                    sheet.paste(picture, (left, corner[1]))
            _caption(pen, triplet, (corner[0], corner[1] + TILE + 4), (medium, small))
        top += -(-len(section.triplets) // COLUMNS) * (cell_height + GAP * 2)
    return sheet


def tiles(triplet: Triplet) -> tuple[Colours | None, Colours | None, Colours | None]:
    """Turn a triplet's pixels into colours.

    Science and reference share one stretch, so that they compare; the difference has its
    own, symmetric about zero.

    Returns
    -------
    three uint8 arrays (side, side, 3), or None where there is no image
    """
    images = [triplet.science, triplet.reference, triplet.difference]
    science, reference, difference = (
        None if image is None else _square(image[::-1] if triplet.rows_up else image) for image in images
    )
    noise, top = _limits([image for image in (science, reference) if image is not None])
    grey = [None if image is None else _grey(image, noise, top) for image in (science, reference)]
    return grey[0], grey[1], None if difference is None else _signed(difference)


def _square(image: Pixels) -> Doubles:
    """Pad a stamp that was cut short, so that its pixels stay square; in doubles, which huge pixels do not overflow."""
    rows, columns = image.shape
    side = max(rows, columns)
    square = np.full((side, side), np.nan)
    square[:rows, :columns] = image
    return square


def _level(image: Doubles) -> float:
    """Return an image's sky; each its own, since surveys leave different ones in science and reference."""
    finite = image[np.isfinite(image)]
    return float(np.median(finite)) if finite.size else 0.0


def _limits(images: Sequence[Doubles]) -> tuple[float, float]:
    """Return the first image's noise, and the brightest above the sky that is told apart."""
    finite = [image[np.isfinite(image)] - _level(image) for image in images]
    finite = [values for values in finite if values.size]
    if not finite:
        return 1.0, 6.0
    noise = max(float(1.4826 * np.median(np.abs(finite[0]))), 1e-6)
    # The brighter of the two: a trail across one must not black out the other, nor be burnt out itself.
    top = max(float(np.percentile(values, 99.7)) for values in finite)
    return noise, max(top, 6 * noise)


def _grey(image: Doubles, noise: float, top: float) -> Colours:
    scaled = _compressed(image - _level(image), noise, top)
    shade = np.clip(30 + 225 * (0.12 + 0.88 * scaled), 8, 255)
    return _coloured(np.repeat(shade[..., None], 3, axis=-1), image)


def _signed(image: Doubles) -> Colours:
    change = image - _level(image)
    noise, _ = _limits([change])
    _, top = _limits([np.abs(change)])
    scaled = _compressed(change, noise, max(top, 6 * noise))
    strength = np.clip(np.abs(scaled), 0, 1)[..., None]
    hue = np.where(scaled[..., None] < 0, FADED, BRIGHTENED)
    return _coloured(16 + strength * (hue - 16), image)


def _compressed(image: Doubles, noise: float, top: float) -> Doubles:
    # asinh keeps the sky's noise visible beside a bright star: linear below 3 sigma, logarithmic above.
    return np.asarray(np.arcsinh(image / (3 * noise)) / np.arcsinh(top / (3 * noise)))


def _coloured(colours: Doubles, image: Doubles) -> Colours:
    """Mark missing pixels with a colour of their own: black would look like sky."""
    marked = np.where(np.isfinite(image)[..., None], colours, np.array(MISSING, dtype=float))
    return marked.astype(np.uint8)


def _caption(
    pen: ImageDraw,
    triplet: Triplet,
    corner: tuple[int, int],
    fonts: tuple[FreeTypeFont | BitmapFont, FreeTypeFont | BitmapFont],
) -> None:
    (left, top), (medium, small), width = corner, fonts, 3 * TILE + 2 * GAP
    distance = "no distance" if triplet.distance is None else f"{triplet.distance:.2f}"
    room = width - pen.textlength(distance, medium) - 12
    pen.text((left, top), _fitted(pen, triplet.title, room, medium), fill=BRIGHT, font=medium)
    pen.text((left + width - pen.textlength(distance, medium), top), distance, fill=ACCENT, font=medium)
    pen.text((left, top + 21), _fitted(pen, triplet.note, width, small), fill=DIM, font=small)


def _fitted(pen: ImageDraw, text: str, room: float, font: FreeTypeFont | BitmapFont) -> str:
    """Shorten a text that came with a packet: one line, printable, no wider than its place."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)[:200]
    if pen.textlength(text, font) <= room:
        return text
    while text and pen.textlength(text + "...", font) > room:
        text = text[:-1]
    return text + "..."
