"""The layer that most of the project's networks are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tf_keras.layers import Layer


def convolution(
    x: Layer, name: str, channels: int, *, normalised: bool, size: int = 3, stride: int = 1, active: bool = True
) -> Layer:
    """Append a convolution, and what goes with it; `models.student.fold_into` knows the layers by their names.

    Parameters
    ----------
    x : Layer
        What it is applied to.
    name : str
        Of the convolution.
    channels, size, stride : int
    normalised : bool
        With batch normalisation behind it, as it is trained; without, as it is used.
    active : bool
        Whether a ReLU follows.
    """
    from tf_keras import layers

    x = layers.Conv2D(channels, size, stride, padding="same", use_bias=not normalised, name=name)(x)
    if normalised:
        x = layers.BatchNormalization(momentum=0.97, epsilon=1e-3, name=f"{name}_normalisation")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if active else x
