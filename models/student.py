"""`sosia-64`: a small convolutional network that was taught an EfficientNet's features of stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tf_keras import Model
    from tf_keras.layers import Layer

SIDE = 64
FEATURES = 1280

#: A layer that no other network has.
TELLING_LAYER = "sosia64_features"

#: Channels and residual blocks of the stages at 32, 16, 8 and 4 px, and channels before pooling. Plain 3x3
#: convolutions of 22 million multiplications: a CPU works these off faster than an EfficientNet's depthwise ones.
STAGES, POOLED = ((24, 0), (48, 0), (64, 2), (128, 1)), 640


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

    def convolve(x: Layer, name: str, channels: int, *, size: int = 3, stride: int = 1, active: bool = True) -> Layer:
        x = layers.Conv2D(channels, size, stride, padding="same", use_bias=not normalised, name=name)(x)
        if normalised:
            x = layers.BatchNormalization(momentum=0.97, epsilon=1e-3, name=f"{name}_normalisation")(x)
        return layers.ReLU(name=f"{name}_relu")(x) if active else x

    images = layers.Input((SIDE, SIDE, 3))
    x = images
    for stage, (channels, blocks) in enumerate(STAGES, 1):
        x = convolve(x, f"stage{stage}", channels, stride=2)
        for block in range(1, blocks + 1):
            name = f"stage{stage}_block{block}"
            y = convolve(x, f"{name}_first", channels)
            y = convolve(y, f"{name}_second", channels, active=False)
            x = layers.ReLU(name=f"{name}_leave")(layers.Add(name=f"{name}_sum")([x, y]))
    x = convolve(x, "widen", POOLED, size=1)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return Model(images, layers.Dense(FEATURES, name=TELLING_LAYER)(x), name="sosia-64")


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
    import numpy as np

    folded = build()
    for layer in folded.layers:
        if not layer.weights:
            continue
        weights = trained.get_layer(layer.name).get_weights()
        if layer.name != TELLING_LAYER:
            normalisation = trained.get_layer(f"{layer.name}_normalisation")
            scale, offset, mean, variance = normalisation.get_weights()
            factor = scale / np.sqrt(variance + normalisation.epsilon)
            weights = [weights[0] * factor, offset - mean * factor]
        layer.set_weights(weights)
    return folded


def save(model: Model, file: Path) -> None:
    """Write the weights in Keras' layout, as half floats: they take half the room and lose nothing measurable."""
    import h5py
    import numpy as np

    model.save_weights(str(file), save_format="h5")
    with h5py.File(file, "r+") as stored:
        found: list[str] = []
        stored.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        values = {name: stored[name][()] for name in found}
        groups = {
            name: {key: np.array(stored[name].attrs[key]) for key in stored[name].attrs} for name in (*stored, "/")
        }
    with h5py.File(file, "w", track_order=False) as halved:
        for name, attributes in groups.items():
            group = halved.require_group(name)
            for key, value in attributes.items():
                group.attrs[key] = value
        for name, value in values.items():
            halved[name] = value.astype(np.float16)
