"""`sosia-64`: a small convolutional network that was taught an EfficientNet's features of stamps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from models.convolution import convolution

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from tf_keras import Model

SIDE = 64
FEATURES = 1280

#: A layer that no other network has.
TELLING_LAYER = "sosia64_features"

#: Channels and residual blocks of the stages at 32, 16, 8 and 4 px, and channels before pooling. Plain 3x3
#: convolutions of 24 million multiplications: a CPU works these off faster than an EfficientNet's depthwise ones.
STAGES, POOLED = ((16, 0), (48, 0), (64, 2), (144, 1)), 640


def build(*, normalised: bool = False) -> Model:
    """Lay out the network.

    Parameters
    ----------
    normalised : bool
        With batch normalisation behind every convolution, as it is trained; without, as it is used.

    Returns
    -------
    tf_keras.Model
        Maps (n, 64, 64, 3) in 0 to 255 to (n, 1280).
    """
    from tf_keras import Model, layers

    convolve = partial(convolution, normalised=normalised)
    images = layers.Input((SIDE, SIDE, 3))
    x, levels = images, []
    for stage, (channels, blocks) in enumerate(STAGES, 1):
        x = convolve(x, f"stage{stage}", channels, stride=2)
        for block in range(1, blocks + 1):
            name = f"stage{stage}_block{block}"
            y = convolve(x, f"{name}_first", channels)
            y = convolve(y, f"{name}_second", channels, active=False)
            # Squeeze and excite (Hu et al. 2018): what else is in the stamp decides what a feature is worth.
            gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(y)
            gate = layers.Dense(channels // 4, activation="relu", name=f"{name}_gate1")(gate)
            gate = layers.Dense(channels, activation="hard_sigmoid", name=f"{name}_gate2")(gate)
            y = layers.Multiply(name=f"{name}_excite")([y, gate])
            x = layers.ReLU(name=f"{name}_leave")(layers.Add(name=f"{name}_sum")([x, y]))
        levels.append(x)
    levels[-1] = convolve(x, "widen", POOLED, size=1)
    # The finer stages' means tell noise and texture.
    x = layers.Concatenate(name="pooled")([layers.GlobalAveragePooling2D()(level) for level in levels[1:]])
    features = layers.Dense(FEATURES, kernel_initializer="zeros", name=TELLING_LAYER)(x)  # starts from the mean
    return Model(images, features, name="sosia-64")


def fold(trained: Model) -> Model:
    """Merge batch normalisation into the convolutions: the same function in half the operations.

    Parameters
    ----------
    trained : tf_keras.Model
        Of ``build(normalised=True)``.

    Returns
    -------
    tf_keras.Model
        As of ``build()``.
    """
    return fold_into(trained, build())


def fold_into(trained: Model, folded: Model) -> Model:
    """Give a network without batch normalisation the function of the same one with it.

    Parameters
    ----------
    trained, folded : tf_keras.Model
        With layers of the same names, and in the trained one each ``NAME_normalisation`` right behind ``NAME``.

    Returns
    -------
    tf_keras.Model
        ``folded``.
    """
    normalisations = {layer.name: layer for layer in trained.layers}
    for layer in folded.layers:
        if not layer.weights:
            continue
        weights = trained.get_layer(layer.name).get_weights()
        if f"{layer.name}_normalisation" in normalisations:
            normalisation = normalisations[f"{layer.name}_normalisation"]
            scale, offset, mean, variance = normalisation.get_weights()
            factor = scale / np.sqrt(variance + normalisation.epsilon)
            weights = [weights[0] * factor, offset - mean * factor]
        layer.set_weights(weights)
    return folded


def unfold_into(trained: Model, folded: Model, images: NDArray[np.float32]) -> Model:
    """Give a network its batch normalisation back, to train it further: the same function, on these images.

    Parameters
    ----------
    trained, folded : tf_keras.Model
        As in `fold_into`.
    images : float32 array (n, ...)
        Some of what it is to be trained on: each normalisation starts from its layer's mean and variance there.

    Returns
    -------
    tf_keras.Model
        ``trained``.
    """
    from tf_keras import Model

    normalisations = {layer.name: layer for layer in trained.layers}
    weighty = [layer for layer in folded.layers if layer.weights]
    answers = Model(folded.input, [layer.output for layer in weighty])(images, training=False)
    for layer, answer in zip(weighty, answers, strict=True):
        weights = layer.get_weights()
        if f"{layer.name}_normalisation" in normalisations:
            normalisation = normalisations[f"{layer.name}_normalisation"]
            kernel, bias = weights
            mean, variance = (measure(answer.numpy(), axis=(0, 1, 2)) for measure in (np.mean, np.var))
            normalisation.set_weights([np.sqrt(variance + normalisation.epsilon), mean, mean - bias, variance])
            weights = [kernel]
        trained.get_layer(layer.name).set_weights(weights)
    return trained


def save(model: Model, file: Path) -> None:
    """Write the weights in Keras' layout, as half floats: they take half the room and lose nothing measurable."""
    import h5py

    whole = file.with_suffix(".whole.h5")
    model.save_weights(str(whole), save_format="h5")
    with h5py.File(whole, "r+") as stored, h5py.File(file, "w") as halved:
        for layer in model.layers:
            for weight in layer.weights:
                name = f"{layer.name}/{weight.name}"
                values = stored[name][()]
                del stored[name]
                stored[name] = values.astype(np.float16)
        for name in stored:
            stored.copy(name, halved)  # without the room of what was deleted
        halved.attrs.update(stored.attrs)
    whole.unlink()
