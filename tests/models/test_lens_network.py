from __future__ import annotations

import numpy as np
import pytest

from models import lens_network
from models.lens_network import FORMS


def test_a_galaxy_that_is_the_same_from_both_sides_leaves_nothing_odd() -> None:
    x, y = np.meshgrid(np.arange(60) - 29.5, np.arange(60) - 29.5)
    galaxy = 500 * np.exp(-np.hypot(x, 0.6 * y + 0.3 * x) / 3)
    noise = np.random.default_rng(1).standard_normal((60, 60))
    arc = 10 * np.exp(-(((np.hypot(x, y) - 8) / 1.5) ** 2)) * (x > 5)
    (without, arced) = lens_network.prepare(
        np.stack([galaxy + noise, galaxy + noise + arc])[:, None].astype(np.float32)
    )
    assert np.abs(without[..., 1]).max() < np.arcsinh(8)
    assert arced[..., 1].max() > without[..., 1].max()
    np.testing.assert_allclose(without[..., 0].max(), np.arcsinh(galaxy.max()), atol=0.5)


def test_what_is_missing_is_zero_and_hurts_nothing() -> None:
    images = np.random.default_rng(2).standard_normal((2, 4, 60, 60)).astype(np.float32)
    images[0, 0] = np.nan
    images[1, 2, 10:20, 10:20] = np.nan
    images[1, 3, 0, :7] = np.nan
    planes = lens_network.prepare(images)
    assert np.isfinite(planes).all()
    assert not planes[0, ..., 0].any()
    assert not planes[1, 12:18, 12:18, 2].any()
    assert np.std(planes[0, ..., 1]) > 0.5


@pytest.mark.parametrize("host_free", [False, True])
def test_a_blank_stamp_stays_blank(host_free: bool) -> None:
    assert not lens_network.prepare(np.full((1, 1, 30, 30), 7.0, np.float32), host_free=host_free).any()


def test_the_third_plane_shows_an_arc_of_a_galaxy_beside_the_middle() -> None:
    x, y = np.meshgrid(np.arange(64) - 32.1, np.arange(64) - 30.7)
    galaxy = 500 * np.exp(-np.hypot(x, 0.6 * y + 0.3 * x) / 3)
    arc = 10 * np.exp(-(((np.hypot(x, y) - 8) / 1.5) ** 2)) * (x > 5)
    image = galaxy + arc + np.sqrt(1 + galaxy / 20) * np.random.default_rng(1).standard_normal((64, 64))
    planes = lens_network.prepare(image[None, None].astype(np.float32), host_free=True)[0]
    assert planes.shape == (64, 64, 3)
    assert planes[..., 2][arc > 5].mean() > 1.0
    assert np.abs(planes[..., 2][arc < 0.01]).mean() < 0.8


@pytest.mark.parametrize("name", FORMS)
def test_a_folded_network_is_the_same_function_and_small(name: str) -> None:
    form = FORMS[name]
    trained = lens_network.build(form, normalised=True)
    rng = np.random.default_rng(3)
    for layer in trained.layers:
        if layer.name.endswith("_normalisation"):
            layer.set_weights([one + 0.2 * rng.random(one.shape) for one in layer.get_weights()])
    images = rng.standard_normal((2, form.side, form.side, form.planes)).astype(np.float32)
    folded = lens_network.fold(form, trained)
    np.testing.assert_allclose(folded(images).numpy(), trained(images).numpy(), rtol=1e-3, atol=1e-3)
    products = sum(
        np.prod(layer.output_shape[1:]) * np.prod(layer.kernel.shape[:-1])
        for layer in folded.layers
        if hasattr(layer, "kernel")
    )
    # Alerts are shown to `ground` alone; the others see files.
    assert products < (30e6 if name == "ground" else 150e6)


def test_eight_turns_are_different_and_keep_all_pixels() -> None:
    image = np.arange(9.0).reshape(1, 3, 3)
    seen = {lens_network.turned(image, turn).tobytes() for turn in range(8)}
    assert len(seen) == 8
