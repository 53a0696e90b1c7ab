"""A network taught in 16-bit brain floats, and the running mean of its weights: the one that ships."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tf_keras import Model
    from tf_keras.layers import Layer


def in_brain_floats(model: Model) -> Model:
    """Copy a model, to be taught: it computes in bfloat16, but for its last layer, and its weights stay 32-bit floats.

    Convolutions take two thirds of the time where the processor knows such numbers.
    """
    import tf_keras

    def copied(layer: Layer) -> Layer:
        settings = layer.get_config()
        if layer.name != model.layers[-1].name:
            settings["dtype"] = "mixed_bfloat16"
        return type(layer).from_config(settings)

    copy = tf_keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    return copy


def follow(mean: Model, taught: Model, keep: float) -> None:
    """Bring a model's weights nearer to another's (Polyak & Juditsky 1992, SIAM J. Control Optim. 30, 838).

    Parameters
    ----------
    mean : tf_keras.Model
        Is changed.
    taught : tf_keras.Model
        Of the same layers.
    keep : float
        Part of the mean that stays.
    """
    for old, new in zip(mean.weights, taught.weights, strict=True):
        old.assign(keep * old + (1 - keep) * new)
