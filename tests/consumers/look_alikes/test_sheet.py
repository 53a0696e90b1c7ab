from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.look_alikes.sheet import BACKGROUND, COLUMNS, MARGIN, TILE, Strip, Tile, draw_sheet
from consumers.look_alikes.thumbnails import SIDE, thumbnail


def test_a_sheet_has_all_its_tiles() -> None:
    bright = Tile(np.full((SIDE, SIDE), 200, np.uint8), "bright")
    one_row = draw_sheet("x", [Strip("one", [bright] * COLUMNS)])
    two_rows = draw_sheet("x", [Strip("two", [bright] * (COLUMNS + 1))])
    assert two_rows.size[0] == one_row.size[0]
    assert two_rows.size[1] > one_row.size[1] + TILE
    assert (np.asarray(one_row) == 200).all(axis=2).sum() >= COLUMNS * TILE * TILE


@settings(max_examples=20)
@given(st.text(max_size=300))
def test_no_text_leaves_its_place(text: str) -> None:
    black = Tile(np.zeros((SIDE, SIDE), np.uint8), text, text)
    pixels = np.asarray(draw_sheet("", [Strip("", [black])]))
    assert (pixels[:, MARGIN + TILE :] == BACKGROUND).all()


def test_a_thumbnail_shows_what_there_is() -> None:
    image = np.random.default_rng(0).normal(0, 1, (3, 63, 63)).astype(np.float32)
    image[:, 29:34, 29:34] += 100
    drawn = thumbnail(image)
    assert drawn.shape == (SIDE, SIDE)
    assert drawn.argmax() // SIDE in range(21, 27)
    assert not thumbnail(None).any()
