from __future__ import annotations

import numpy as np
import tf_keras
from tf_keras import layers

from models.train.running_mean import follow, in_brain_floats


def _network() -> tf_keras.Model:
    images = layers.Input((8, 8, 2))
    x = layers.ReLU()(layers.Conv2D(4, 3, name="convolution")(images))
    return tf_keras.Model(images, layers.Dense(2, name="answers")(layers.GlobalAveragePooling2D()(x)))


def test_a_copy_in_brain_floats_says_almost_the_same_and_learns_in_full_floats() -> None:
    model = _network()
    copy = in_brain_floats(model)
    images = np.random.default_rng(1).standard_normal((6, 8, 8, 2)).astype(np.float32)
    exact, rough = model(images).numpy(), copy(images)
    assert copy.get_layer("convolution").compute_dtype == "bfloat16"
    assert {rough.dtype.name, *(one.dtype.name for one in copy.weights)} == {"float32"}
    np.testing.assert_allclose(rough.numpy(), exact, atol=0.05)
    assert np.abs(rough.numpy() - exact).max() > 0


def test_the_mean_follows_what_is_taught() -> None:
    mean = _network()
    taught = in_brain_floats(mean)
    before = [one.numpy() for one in mean.weights]
    for one in taught.weights:
        one.assign_add(np.ones(one.shape))
    for _ in range(2):
        follow(mean, taught, 0.75)
    for old, new in zip(before, mean.weights, strict=True):
        np.testing.assert_allclose(new.numpy(), old + 1 - 0.75**2, rtol=1e-5, atol=1e-6)
