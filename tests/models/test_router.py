from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes
from tf_keras import Model, layers

from models import router_network, streak_network
from models.router import Router
from models.router_network import CLASSES, IMAGES, SIDE, prepare
from models.streak_network import in_sigma


@settings(max_examples=60)
@given(
    shapes.arrays(
        np.float32, st.tuples(st.integers(9, 200), st.integers(9, 200)), elements=st.floats(-(2**49), 2**49, width=32)
    ),
    st.sampled_from(["difference", "host"]),
)
def test_any_stamp_becomes_a_window_of_finite_numbers(stamp: np.ndarray, image: str) -> None:
    window = prepare([stamp], image)
    assert window.shape == (1, SIDE, SIDE, 2 if image == "difference" else 1)
    assert np.isfinite(window).all()


def test_a_large_difference_is_cut_and_a_large_host_shown_whole() -> None:
    stamp = np.random.default_rng(1).standard_normal((96, 96)).astype(np.float32)
    stamp[2:6, 2:6] = 500.0
    cut, whole = prepare([stamp], "difference"), prepare([stamp], "host")
    assert cut.max() < 3.0
    assert whole[0, 1:4, 1:4, 0].max() > 5.0
    assert whole.mean() == pytest.approx(np.arcsinh(in_sigma(stamp)).mean(), abs=0.02)


def test_of_a_host_in_a_wide_array_only_what_has_pixels_is_shown() -> None:
    stamp = np.random.default_rng(1).standard_normal((40, 40)).astype(np.float32)
    wide = np.full((90, 90), np.nan, np.float32)
    wide[25:65, 25:65] = stamp
    np.testing.assert_allclose(prepare([wide], "host"), prepare([stamp], "host"), atol=0.05)
    assert not prepare([np.full((90, 90), np.nan, np.float32)], "host").any()


def test_it_costs_less_than_a_third_of_the_streak_network() -> None:
    def cost(network: Model) -> int:
        some = [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]
        return sum(math.prod(layer.output_shape[1:3]) * math.prod(layer.kernel.shape) for layer in some)

    # Of an alert it sees two images, and the streak network one, bright and dark.
    assert cost(router_network.build()) < 2 * cost(streak_network.build()) / 3


def test_each_image_has_a_part_of_its_own_that_tells_its_classes() -> None:
    network = router_network.build()
    assert [name for image in IMAGES for name in router_network.classes_of(image)] == list(CLASSES)
    stamps = [np.random.default_rng(1).standard_normal((63, 63)).astype(np.float32)]
    windows = [prepare(stamps, image) for image in IMAGES]
    for image, window, whole in zip(IMAGES, windows, network(windows), strict=True):
        np.testing.assert_allclose(router_network.part(network, image)(window), whole, atol=1e-5)
        assert whole.shape == (1, 2 * len(router_network.classes_of(image)))


def test_the_width_of_a_differences_psf_matters_and_one_that_cannot_be_is_not_believed() -> None:
    router = Router(router_network.build())
    stamp = np.random.default_rng(1).standard_normal((63, 63)).astype(np.float32)
    scores = router.look(6 * [stamp], "difference", [None, np.nan, 0.2, 90.0, 2.0, 4.0])[:, 0]
    assert np.ptp(scores[:4]) == 0
    assert len(set(scores)) == 3
    np.testing.assert_array_equal(router.look([stamp], "host", [2.0]), router.look([stamp], "host"))


def test_what_is_in_doubt_is_looked_at_mirrored_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    router = Router(router_network.build())
    stamp = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32)
    ways = [stamp, stamp[::-1], stamp[:, ::-1]]
    assert np.ptp(router.look(ways, "difference"), axis=0).min() > 1e-4
    monkeypatch.setattr("models.router._DOUBT", dict.fromkeys(IMAGES, -np.inf))
    for image in IMAGES:
        assert np.ptp(router.look(ways, image), axis=0).max() < 1e-5
