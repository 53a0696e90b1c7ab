"""Tells a fault from a good image that is merely different: a small network on an epoch beside its reference."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from models.batched import Batched
from models.convolution import convolution
from models.shipped import Shipped
from models.student import fold_into

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from tf_keras import Model

SIDE = 64
PLANES = 5

NAME = "sosia-epochs"
WEIGHTS = Shipped("epochs", f"{NAME}.h5", "e1e2b1a58f58c62f8123485aea99bab23347bbd1819b96d160d321f384abe6e6")

#: Channels of the stages at 32, 16, 8 and 4 px, and whether a residual block follows.
STAGES = ((24, False), (32, True), (64, True), (96, True))
HIDDEN = 64


def build(*, normalised: bool = False) -> Model:
    """Lay out the network.

    Parameters
    ----------
    normalised : bool
        With batch normalisation behind every convolution, as it is trained; without, as it is used.

    Returns
    -------
    tf_keras.Model
        Maps planes (n, 64, 64, 5) of `broker.comparison` to log odds (n, 1) of a fault in the science image.
    """
    from tf_keras import Model, layers

    convolve = partial(convolution, normalised=normalised)
    planes = layers.Input((SIDE, SIDE, PLANES))
    x, pooled = planes, []
    for stage, (channels, block) in enumerate(STAGES, 1):
        x = convolve(x, f"stage{stage}", channels, size=4, stride=2)
        if block:
            y = convolve(x, f"stage{stage}_first", channels)
            y = convolve(y, f"stage{stage}_second", channels, active=False)
            x = layers.ReLU(name=f"stage{stage}_leave")(layers.Add(name=f"stage{stage}_sum")([x, y]))
        if stage > 1:  # the strongest place tells a compact fault, the mean a faint one that is everywhere
            pooled += [layers.GlobalMaxPooling2D()(x), layers.GlobalAveragePooling2D()(x)]
    x = layers.Concatenate(name="pooled")(pooled)
    x = layers.Dense(HIDDEN, activation="relu", name="hidden")(x)
    return Model(planes, layers.Dense(1, name="log_odds")(x), name=NAME)


def fold(trained: Model) -> Model:
    """Merge batch normalisation into the convolutions."""
    return fold_into(trained, build())


class EpochNetwork:
    """The trained network, with one graph of one fixed batch shape.

    Parameters
    ----------
    model : tf_keras.Model
        As of `build`.
    batch : int
        Epochs per forward pass.
    """

    def __init__(self, model: Model, batch: int) -> None:
        self.input_size = SIDE
        self._log_odds = Batched(model, batch, small=batch)

    def log_odds(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Judge epochs.

        Parameters
        ----------
        planes : float32 array (n, 64, 64, 5)
            Any n: the last pass is padded.

        Returns
        -------
        float32 array (n,)
            Log odds of a fault, as for a sample of which half are faulty.
        """
        return self._log_odds(planes)[:, 0]


def load_epoch_network(weights: Path | None = None, *, batch: int = 64) -> EpochNetwork:
    """Load the network that comes with the project, or another one's weights.

    Raises
    ------
    BackboneError
        The weights are missing, damaged or of another network.
    """
    return EpochNetwork(WEIGHTS.load_into(build, weights), batch)
