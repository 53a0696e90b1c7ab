"""The router at work: tells cheaply which class networks need not look at an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models import router_network
from models.batched import Batched
from models.looks import turned
from models.shipped import Shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tf_keras import Model

WEIGHTS = Shipped("router", "sosia-router.h5", "de63fac385acb88cd48db1ef3c45940655f321ee7b94658185023ce4e69aab39")
VERSION = "sosia-router-3"

_BATCH = 64
#: How often an image is looked at in all where the log odds of a class of its are above these: mirrored and turned, and
#: averaged. Far below the thresholds, since one look alone may fail by ten. For a difference it would cost more than it
#: saves.
_LOOKS = 4
_DOUBT = {"difference": (np.inf,), "host": (-20.0, -20.0)}


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
        parts = {image: router_network.part(model, image) for image in router_network.IMAGES}
        self._run = {image: Batched(part, _BATCH) for image, part in parts.items()}

    def look(
        self,
        stamps: Sequence[NDArray[np.float32]],
        image: str,
        fwhm: Sequence[float | None] | NDArray[np.floating] | None = None,
    ) -> NDArray[np.float64]:
        """Score images.

        Parameters
        ----------
        stamps : sequence of float32 arrays (rows, columns)
            Of any size; NaN where pixels are missing.
        image : {"difference", "host"}
            What they are.
        fwhm : sequence of float or None, or array (n,), optional
            Widths of differences' PSFs [px]; None or NaN for one that is not known.

        Returns
        -------
        float64 array (n, m)
            0 to 1, by class in the order of `router_network.classes_of(image)`.
        """
        windows = router_network.prepare(stamps, image, fwhm)
        odds = self._odds(windows, image)
        again = np.flatnonzero((odds > _DOUBT[image]).any(axis=1))
        if again.size:
            more = [self._odds(turned(windows[again], turn), image) for turn in range(1, _LOOKS)]
            odds[again] = np.mean([odds[again], *more], axis=0)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0))))

    def _odds(self, windows: NDArray[np.float32], image: str) -> NDArray[np.float64]:
        return np.add(*np.split(self._run[image](windows).astype(np.float64), 2, axis=1))
