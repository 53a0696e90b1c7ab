from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from consumers.classify_images import Answer, classify_images
from consumers.cli import main
from consumers.image_files import ReadImage, read_image
from models.simulate.streaks.sources import galaxy
from schemas.errors import StampError


def noise(shape: tuple[int, ...], seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


class Means:
    """Scores images by their mean; says how many it was given at once."""

    name, version = "means", "1"

    def __init__(self) -> None:
        self.passes: list[int] = []

    def look(self, images: list[ReadImage]) -> list[Answer]:
        self.passes.append(len(images))
        return [Answer(float(image.pixels.mean())) for image in images]


def test_files_are_judged_in_batches_and_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.classify_images._BATCH", 4)
    files = [tmp_path / f"{n}.fits" for n in range(10)]
    for n, file in enumerate(files):
        fits.PrimaryHDU(np.full((20, 20), float(n), np.float32)).writeto(file)
    files[5].write_bytes(b"no image")
    files.insert(3, files[0])
    network = Means()
    found = list(classify_images(network, files))
    assert [one.file for one in found] == files
    assert [one.answer.score if one.answer else None for one in found] == [0, 1, 2, 0, 3, 4, None, 6, 7, 8, 9]
    assert isinstance(found[6].error, StampError)
    assert network.passes == [4, 3, 3]


def test_a_large_image_is_a_pass_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.classify_images._PIXELS", 1000)
    for n in range(2):
        fits.PrimaryHDU(np.zeros((40, 40), np.float32)).writeto(tmp_path / f"{n}.fits")
    network = Means()
    assert len(list(classify_images(network, sorted(tmp_path.glob("*.fits"))))) == 2
    assert network.passes == [1, 1]


def test_mergers_are_scored_within_their_domain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = noise((90, 90)) + 6000 * galaxy((90, 90), 44, 44, 4.0, 6.0, 0.7, 1.0)
    fits.PrimaryHDU(image).writeto(tmp_path / "a.fits")
    Image.fromarray(np.clip(40 + image, 0, 255).astype(np.uint8)).save(tmp_path / "b.png")
    files = [str(tmp_path / "a.fits"), str(tmp_path / "b.png")]
    assert main(["classify", "merger", "--json", *files]) == 0
    assert main(["classify", "merger", "--json", "--pixel-scale", "5", files[0]]) == 0
    native, picture, coarse = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    for one in (native, picture):
        assert one["classifier"] == "merger"
        assert 0.0 <= one["score"] <= 1.0
        assert one["reason"] is None
    assert (coarse["score"], coarse["reason"]) == (None, "pixel scale too coarse")


def test_colours_are_kept_beside_their_mean(tmp_path: Path) -> None:
    cube = noise((4, 30, 30))
    fits.PrimaryHDU(cube).writeto(tmp_path / "ugri.fits")
    colours = np.zeros((30, 30, 3), np.uint8)
    colours[..., 0] = 200
    Image.fromarray(colours).save(tmp_path / "red.png")
    Image.fromarray(colours[..., 0]).save(tmp_path / "grey.png")
    ugri, red, grey = (read_image(tmp_path / name) for name in ("ugri.fits", "red.png", "grey.png"))
    assert ugri.planes is not None
    np.testing.assert_array_equal(ugri.planes, cube)
    np.testing.assert_allclose(ugri.pixels, cube.mean(axis=0), atol=1e-6)
    assert red.planes is not None
    assert [plane.max() for plane in red.planes] == [0, 0, 200]  # from blue to red
    assert grey.planes is None
