from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from consumers.contact_sheet import Section, Triplet, draw_contact_sheet, save_contact_sheet, tiles


def triplet(image: np.ndarray, difference: np.ndarray | None = None, **fields: object) -> Triplet:
    return Triplet(
        **{
            "title": "SIM25aaaaaaa  r",
            "distance": 3.2,
            "note": "",
            "science": image,
            "reference": np.zeros_like(image),
            "difference": difference,
            "rows_up": False,
            **fields,
        }
    )


def sky(side: int = 21) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (side, side)).astype(np.float32)


def test_a_star_is_bright_and_in_its_place() -> None:
    image = sky()
    image[3, 16] += 100
    science, _, _ = tiles(triplet(image))
    assert np.unravel_index(science[..., 0].argmax(), science.shape[:2]) == (3, 16)
    assert science.dtype == np.uint8


def test_rows_are_turned_where_the_first_is_the_lowest() -> None:
    image = sky()
    image[3, 16] += 100
    science, _, _ = tiles(triplet(image, rows_up=True))
    assert np.unravel_index(science[..., 0].argmax(), science.shape[:2]) == (17, 16)


def test_what_brightened_is_orange_and_what_faded_is_blue() -> None:
    difference = sky()
    difference[5, 5] += 60
    difference[15, 15] -= 60
    _, _, shown = tiles(triplet(sky(), difference))
    red, _, blue = np.moveaxis(shown.astype(int), -1, 0)
    assert red[5, 5] > blue[5, 5] + 100
    assert blue[15, 15] > red[15, 15] + 100


def test_missing_pixels_have_a_colour_of_their_own() -> None:
    image = sky()
    image[:, :4] = np.nan
    science, _, _ = tiles(triplet(image))
    missing = science[0, 0]
    assert (science[:, :4] == missing).all()
    assert not (science[:, 4:] == missing).all(axis=-1).any()
    assert missing[0] != missing[1]  # no grey, which a pixel of sky could have


def test_science_and_reference_compare_although_their_sky_differs() -> None:
    image = sky()
    image[10, 10] += 50
    science, reference, _ = tiles(triplet(image, reference=image + 1000))
    assert np.abs(science.astype(int) - reference.astype(int)).max() <= 1


def test_a_stamp_cut_short_keeps_square_pixels() -> None:
    science, _, _ = tiles(triplet(sky()[:, :12]))
    assert science.shape == (21, 21, 3)


@settings(max_examples=50)
@given(
    image=arrays(np.float32, st.tuples(st.integers(8, 20), st.integers(8, 20)), elements=st.floats(width=32)),
    title=st.text(max_size=300),
)
def test_no_pixels_and_no_text_break_a_sheet(image: np.ndarray, title: str) -> None:
    strange = triplet(image, image, title=title, note=title, distance=None)
    sheet = draw_contact_sheet(title, [Section(title, [strange])])
    assert sheet.size[0] > 1000


def test_a_sheet_is_a_picture_of_all_its_triplets(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    bright = triplet(np.full((10, 10), 5.0, np.float32), science=None, note="no stamp")
    save_contact_sheet(path, "Sosia", [Section("some", [bright] * 7), Section("none", []), Section("one", [bright])])
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        one_row = draw_contact_sheet("Sosia", [Section("some", [bright] * 3)]).size
        assert picture.size[0] == one_row[0]
        assert picture.size[1] > 3 * (one_row[1] - 100)


def test_a_long_text_stays_in_its_place() -> None:
    short = draw_contact_sheet("Sosia", [Section("x", [triplet(sky(), title="a", distance=None)])])
    long = draw_contact_sheet("Sosia", [Section("x", [triplet(sky(), title="a" * 5000, distance=None)])])
    # The captions of the second and third cell, which are empty, stay so.
    right = (short.size[0] // 3 + 30, 0, short.size[0], short.size[1])
    assert short.size == long.size
    assert short.crop(right).tobytes() == long.crop(right).tobytes()
