from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from consumers.cli import main
from consumers.image_files import read_image
from models.simulate.streaks.trail import Segment, trail
from schemas.errors import StampError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TRUE = Segment(14.0, 40.0, 46.0, 22.0)


def streak(shape: tuple[int, int] = (64, 64), segment: Segment = TRUE) -> NDArray[np.float32]:
    noise = np.random.default_rng(3).standard_normal(shape, dtype=np.float32)
    return noise + 900.0 * trail(shape, segment, 3.0)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_format_is_classified_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = streak()
    eight_bit = np.clip(128 + 8 * image, 0, 255).astype(np.uint8)
    files = [tmp_path / name for name in ("a.fits", "b.png", "c.jpg", "d.png")]
    fits.PrimaryHDU(image).writeto(files[0])
    Image.fromarray(eight_bit).save(files[1])
    Image.fromarray(np.stack([eight_bit] * 3, axis=-1)).save(files[2], quality=95)
    Image.fromarray(255 - eight_bit).save(files[3])
    assert main(["classify", "streak", "--json", *map(str, files)]) == 0
    found = lines(capsys)
    assert [one["file"] for one in found] == [str(file) for file in files]
    assert all(next(iter(one)) == "file" and 0.0 <= one["score"] <= 1.0 for one in found)
    for one in found:
        assert one["candidate"]
        assert len(one["streaks"]) == 1
        xs = sorted((one["streaks"][0]["x1"], one["streaks"][0]["x2"]))
        assert xs == pytest.approx([14.0, 46.0], abs=2.0)
    assert [one["streaks"][0]["dark"] for one in found] == [False, False, False, True]


def test_a_large_image_goes_through_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = streak((220, 300), Segment(200.0, 150.0, 240.0, 170.0))
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image)]).writeto(tmp_path / "ccd.fits")
    assert main(["classify", "streak", str(tmp_path / "ccd.fits")]) == 0
    told, surest, *_ = capsys.readouterr().out.splitlines()
    assert told.endswith(", a candidate")
    ends = [float(one) for one in surest.replace("to", "").split()[:4]]
    assert sorted(ends) == pytest.approx([150.0, 170.0, 200.0, 240.0], abs=1.5)


def test_what_cannot_be_read_is_told_and_the_rest_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.fits").write_bytes(b"SIMPLE  =  nonsense")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG nonsense")
    fits.PrimaryHDU(np.full((64, 64), np.nan, np.float32)).writeto(tmp_path / "blank.fits")
    fits.PrimaryHDU(streak()).writeto(tmp_path / "good.fits")
    names = ["bad.fits", "bad.png", "blank.fits", "missing.fits", "good.fits"]
    assert main(["classify", "streak", "--json", *(str(tmp_path / name) for name in names)]) == 1
    found = lines(capsys)
    assert [set(one) == {"file", "error"} for one in found] == [True, True, True, True, False]


def test_outside_the_domain_there_is_a_reason_instead_of_a_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = fits.Header({"EXPTIME": 4.0})
    fits.PrimaryHDU(streak(), header).writeto(tmp_path / "short.fits")
    assert main(["classify", "streak", "--json", "--pixel-scale", "1.0", str(tmp_path / "short.fits")]) == 0
    assert main(["classify", "streak", "--json", "--pixel-scale", "21", str(tmp_path / "short.fits")]) == 0
    short, coarse = lines(capsys)
    assert (short["score"], short["reason"]) == (None, "exposure too short for a trail")
    assert coarse["reason"] == "pixel scale too coarse"


def test_the_psfs_width_is_the_options_or_the_headers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = streak()
    image -= 780.0 * trail((64, 64), TRUE, 3.0)  # so faint that the width matters
    told, untold = tmp_path / "told.fits", tmp_path / "untold.fits"
    fits.PrimaryHDU(image, fits.Header({"SEEING": 0.6})).writeto(told)
    fits.PrimaryHDU(image).writeto(untold)
    command = ["classify", "streak", "--json", "--pixel-scale", "0.2"]
    assert main([*command, str(told), str(untold)]) == 0
    assert main([*command, "--seeing", "0.6", str(untold)]) == 0
    header, none, option = (one["score"] for one in lines(capsys))
    assert header == option != none


def test_a_fits_file_tells_its_scale_and_exposure(tmp_path: Path) -> None:
    header = fits.Header(
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0, "CRPIX1": 32.0, "CRPIX2": 32.0}
    )
    header.update({"CD1_1": -0.2 / 3600, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.2 / 3600, "EXPTIME": 30.0})
    fits.PrimaryHDU(streak(), header).writeto(tmp_path / "wcs.fits")
    image = read_image(tmp_path / "wcs.fits")
    assert image.pixel_scale == pytest.approx(0.2)
    assert image.exposure_time == 30.0
    np.testing.assert_allclose(image.pixels, streak())


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.image_files.LARGEST", 1000)
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "large.png")
    with pytest.raises(StampError, match="size"):
        read_image(tmp_path / "large.png")
