"""Weights that come with the project: checked by their digest, and never a stored model, so that no code is run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from schemas.errors import BackboneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tf_keras import Model


@dataclass(frozen=True, slots=True)
class Shipped:
    """One network's weights file beside this module.

    Attributes
    ----------
    network : str
        As in ``sosia train NETWORK``, which makes it again.
    file : str
        Its name in this folder.
    sha256 : str
        What it must have.
    """

    network: str
    file: str
    sha256: str

    def load_into(self, build: Callable[[], Model], own: Path | None = None) -> Model:
        """Lay out the network and give it the weights.

        Parameters
        ----------
        build : callable
            Lays out the network.
        own : path, optional
            One's own weights instead, whose digest nobody knows.

        Raises
        ------
        BackboneError
            The file is missing, damaged, of another network, or not the one published with this version.
        """
        path = own or Path(__file__).with_name(self.file)
        mend = f"install sosia-broker again, or make it again with `sosia train {self.network}`"
        if not path.is_file():
            raise BackboneError(f"{self.network} weights {path} are missing: {mend}")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if own is None and found != self.sha256:
            raise BackboneError(f"{self.network} weights {path} have sha256 {found} instead of {self.sha256}: {mend}")
        model = build()
        try:
            model.load_weights(str(path))
        except Exception as error:  # h5py and Keras raise nearly anything on a damaged file
            what = (str(error) or type(error).__name__).splitlines()[0]
            raise BackboneError(
                f"{self.network} weights {path} are damaged or of another network ({what}): {mend}"
            ) from error
        if not all(np.isfinite(weight).all() for weight in model.get_weights()):
            raise BackboneError(f"{self.network} weights {path} are not all finite: {mend}")
        return model
