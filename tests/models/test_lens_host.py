from __future__ import annotations

import numpy as np
import pytest

from models.lens_host import host_free


def _galaxy(side: int, x0: float, y0: float, ratio: float, angle: float) -> np.ndarray:
    x, y = np.meshgrid(np.arange(side) - (side - 1) / 2 - x0, np.arange(side) - (side - 1) / 2 - y0)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return np.asarray(800 * np.exp(-((np.hypot(u, v / ratio) + 1) ** 0.6)))


def _arc(side: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(side) - (side - 1) / 2, np.arange(side) - (side - 1) / 2)
    return np.asarray(6 * np.exp(-(((np.hypot(x, y) - 9) / 1.5) ** 2)) * (x > 4))


@pytest.mark.parametrize("bands", [1, 4])
def test_galaxies_beside_the_middle_and_flat_go_and_arcs_stay(bands: int) -> None:
    rng, side = np.random.default_rng(1), 64
    shapes = rng.uniform((-1.5, -1.5, 0.4, 0.0), (1.5, 1.5, 1.0, np.pi), (6, 4))
    hosts = np.stack([_galaxy(side, *map(float, shape)) for shape in shapes])
    images = np.repeat(hosts[:, None], bands, axis=1)
    images = images + np.sqrt(1 + images / 20) * rng.standard_normal(images.shape)
    images[3:] += _arc(side)
    left = host_free(images.astype(np.float32), np.ones(images.shape, bool))
    away = np.ones((side, side), bool)
    away[28:36, 28:36] = False  # whose light no model of straight pieces follows
    assert left[:3, :, away].std() < 1.2
    assert images[:3, :, away].std() > 5
    arc = _arc(side) > 3
    assert (left[3:, :, arc].mean(axis=2) > 1.5).all()
    # No better than the noise of a band alone, were the arc not there.
    assert np.abs(left[:3, :, arc].mean()) < 0.5


def test_what_is_missing_stays_zero_and_nothing_is_taken_from_sky() -> None:
    images = np.random.default_rng(2).standard_normal((3, 4, 60, 60)).astype(np.float32)
    there = np.ones(images.shape, bool)
    there[0] = False
    there[1, 2] = False
    there[2, :, :20] = False
    images[~there] = 0
    left = host_free(images, there)
    assert np.isfinite(left).all()
    assert not left[~there].any()
    assert left[there].std() == pytest.approx(1.0, abs=0.1)


def test_a_stamp_is_the_same_in_any_company() -> None:
    images = np.random.default_rng(3).standard_normal((40, 1, 64, 64)).astype(np.float32) + 20
    there = np.ones(images.shape, bool)
    np.testing.assert_allclose(host_free(images, there)[37:], host_free(images[37:], there[37:]), atol=1e-3)
