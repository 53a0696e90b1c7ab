from __future__ import annotations

from pathlib import Path

from PIL import Image

from consumers.evaluate_epochs.picture import SECTIONS, SHOWN, choice, save_picture
from tests.consumers.evaluate_epochs.epochs import bad, judged

KINDS = ("trail", "ghost", "edge", "cloud")


def test_every_kind_is_shown_before_any_is_shown_twice() -> None:
    epochs = [bad(2.0, n, kind="trail") for n in range(30)] + [
        bad(2.0, 30 + n, kind=kind) for n, kind in enumerate(KINDS[1:])
    ]
    shown = [one.exposure.fault for one in choice(epochs)]
    assert len(shown) == SHOWN
    assert set(shown) == set(KINDS)


def test_an_epoch_is_in_one_section_at_most() -> None:
    epochs = [bad(0.2), bad(2.0), bad(None, readable=False), judged(2.0), judged(0.2), bad(2.0, snr=7.0)]
    places = [[belongs(one) for belongs in SECTIONS.values()] for one in epochs]
    assert [place.index(True) if any(place) else None for place in places] == [0, 1, None, 2, 3, None]


def test_the_sheet_is_a_picture(tmp_path: Path) -> None:
    save_picture(tmp_path / "sheet.png", [bad(0.2, 1), bad(2.0, 2), judged(2.0, 3), judged(0.2, 4)])
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 1000
        assert sheet.height > 4 * 120
