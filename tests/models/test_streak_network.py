from __future__ import annotations

import numpy as np
import pytest
import tf_keras

from models import streak_network
from models.simulate.streaks.trail import Segment
from tests.models.streak_stamp import stamp


@pytest.mark.parametrize("outputs", [1, 5])
def test_it_has_six_convolutions_and_a_dense_layer(outputs: int) -> None:
    model = streak_network.build(outputs)
    kinds = [type(layer).__name__ for layer in model.layers if layer.weights]
    assert kinds == ["Conv2D"] * 6 + ["Dense"]
    assert model.output_shape == (None, outputs)


def test_folding_keeps_the_function() -> None:
    tf_keras.utils.set_random_seed(1)
    trained = streak_network.build(normalised=True)
    images = np.random.default_rng(1).standard_normal((64, 64, 64, 1)).astype(np.float32)
    for _ in range(20):
        trained(images, training=True)
    np.testing.assert_allclose(
        streak_network.fold(trained)(images).numpy(), trained(images, training=False).numpy(), atol=1e-3
    )


def test_stamps_are_prepared_alike_whatever_their_units() -> None:
    image = stamp(Segment(10, 10, 40, 30), 20)
    plain, scaled = streak_network.prepare([image, 731.0 * image - 12000.0])
    np.testing.assert_allclose(plain, scaled, atol=1e-2)
    np.testing.assert_allclose(streak_network.prepare([-image])[0], -plain, atol=1e-5)


def test_small_stamps_get_room_and_large_ones_lose_their_rim() -> None:
    rng = np.random.default_rng(1)
    small, large = rng.standard_normal((31, 40)).astype(np.float32), rng.standard_normal((93, 93)).astype(np.float32)
    first, second = streak_network.prepare([small, large])[..., 0]
    assert not first[:16].any()
    assert first[16:47, 12:52].any()
    np.testing.assert_allclose(second, streak_network.prepare([large[15:79, 15:79]])[0, ..., 0], atol=1e-5)


@pytest.mark.parametrize("value", [0.0, np.nan, 7.0])
def test_a_stamp_without_contrast_becomes_zero(value: float) -> None:
    assert not streak_network.prepare([np.full((64, 64), value, np.float32)]).any()


def test_unfolding_keeps_the_function_and_starts_from_the_images_statistics() -> None:
    tf_keras.utils.set_random_seed(2)
    folded = streak_network.build()
    images = np.random.default_rng(2).standard_normal((96, 64, 64, 1)).astype(np.float32)
    trained = streak_network.unfold(folded, images)
    for training in (False, True):
        np.testing.assert_allclose(trained(images, training=training).numpy(), folded(images).numpy(), atol=1e-3)
