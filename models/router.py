"""The router at work: tells cheaply which class networks need not look at an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models import router_network
from models.batched import Batched
from models.shipped import Shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tf_keras import Model

WEIGHTS = Shipped("router", "sosia-router.h5", "906a4d70df370c75c0920823081143ceaf7545eeeaaf3eadd0eaac9703b444a7")
VERSION = "sosia-router-2"

#: So small a network costs more to call than to run: few inputs are better padded than split.
_BATCH, _SMALL = 64, 32


def load(own: Path | None = None) -> Router:
    """Open the router with the weights that come with the project, or with one's own.

    Raises
    ------
    BackboneError
        The file is missing, damaged, or not the one that was published with this version.
    """
    return Router(WEIGHTS.load_into(router_network.build, own))


class Router:
    """A router network with everything that it needs around it.

    Parameters
    ----------
    model : tf_keras.Model
        Of `models.router_network.build()`.
    """

    def __init__(self, model: Model) -> None:
        self._odds = Batched(model, _BATCH, _SMALL)

    def look(self, stamps: Sequence[NDArray[np.float32]], image: str) -> NDArray[np.float64]:
        """Score images.

        Parameters
        ----------
        stamps : sequence of float32 arrays (rows, columns)
            Of any size; NaN where pixels are missing.
        image : {"difference", "host"}
            What they are; only those outputs mean something whose class is looked for there.

        Returns
        -------
        float64 array (n, 3)
            0 to 1, by class in the order of `router_network.CLASSES`.
        """
        odds = self._odds(router_network.prepare(stamps, image)).astype(np.float64)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0))))
