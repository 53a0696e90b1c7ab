from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from models import streak_network
from models.simulate.streaks.sources import star
from models.simulate.streaks.trail import Segment, matched_snr
from tests.models.streak_stamp import stamp


@pytest.mark.parametrize("outputs", [1, 5])
def test_it_has_six_convolutions_and_a_dense_layer(outputs: int) -> None:
    model = streak_network.build(outputs)
    names = [layer.name for layer in model.layers if layer.weights and not layer.name.startswith("streak_width")]
    convolutions = [f"streak_convolution{number}" for number in range(1, 7)]
    assert sorted(names) == sorted([*convolutions, "streak_lines", "streak_output"])
    assert model.output_shape == (None, outputs)


def some_windows(count: int, seed: int) -> NDArray[np.float32]:
    """Noise, seen through PSFs of 1.6 to 6 px, of which every fourth is not known."""
    rng = np.random.default_rng(seed)
    fwhm = np.where(np.arange(count) % 4 == 0, np.nan, rng.uniform(1.6, 6.0, count))
    return streak_network.prepare(list(rng.standard_normal((count, 64, 64)).astype(np.float32)), fwhm)


def test_folding_keeps_the_function() -> None:
    tf_keras.utils.set_random_seed(1)
    trained = streak_network.build(normalised=True)
    images = some_windows(64, 1)
    for _ in range(20):
        trained(images, training=True)
    np.testing.assert_allclose(
        streak_network.fold(trained)(images).numpy(), trained(images, training=False).numpy(), atol=1e-3
    )


def test_stamps_are_prepared_alike_whatever_their_units() -> None:
    image = stamp(Segment(10, 10, 40, 30), 20)
    plain, scaled = streak_network.prepare([image, 731.0 * image - 12000.0])
    np.testing.assert_allclose(plain, scaled, atol=1e-2)
    np.testing.assert_allclose(streak_network.prepare([-image])[0], streak_network.negative(plain), atol=1e-5)


def test_a_width_stands_beside_its_stamp_and_an_unknown_or_absurd_one_is_zero() -> None:
    image = stamp(Segment(10, 10, 40, 30), 20)
    windows = streak_network.prepare([image] * 5, [2.5, None, np.nan, 1e300, 0.01])
    assert (windows[0, ..., 1] == 2.5).all()
    assert not windows[1:, ..., 1].any()
    assert not streak_network.prepare([image])[..., 1].any()
    np.testing.assert_array_equal(streak_network.negative(windows)[..., 1], windows[..., 1])
    assert [streak_network.believed(one) for one in (2.5, None, np.nan, 1e300, 0.01)] == [
        2.5,
        *[streak_network.USUAL] * 4,
    ]


@pytest.mark.parametrize("fwhm", [1.8, 3.0, 5.0])
def test_the_smoothed_stamp_tells_a_sources_signal_to_noise_ratio(fwhm: float) -> None:
    source = star((64, 64), 30.0, 33.0, fwhm)
    image = np.arcsinh(3.0 * source / matched_snr(source))[None, ..., None]
    smooth = streak_network._smoothed(tf.constant(image), tf.constant([[fwhm]], tf.float32)).numpy()[0, ..., 0]
    assert np.unravel_index(smooth.argmax(), smooth.shape) == (33, 30)
    assert 4.0 * np.sinh(smooth.max() / 4.0) == pytest.approx(3.0, rel=0.02)


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
    images = some_windows(96, 2)
    trained = streak_network.unfold(folded, images)
    for training in (False, True):
        np.testing.assert_allclose(trained(images, training=training).numpy(), folded(images).numpy(), atol=1e-3)
