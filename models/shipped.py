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
        path = verified(self.network, own or Path(__file__).with_name(self.file), None if own else self.sha256)
        mend = _mend(self.network)
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


def verified(network: str, file: Path, sha256: str | None) -> Path:
    """Return a file of weights that is there, and has the digest that it must have.

    Parameters
    ----------
    network : str
        As in ``sosia train NETWORK``.
    file : Path
    sha256 : str or None
        None: nobody knows it.

    Raises
    ------
    BackboneError
        It is missing, or another.
    """
    if not file.is_file():
        raise BackboneError(f"{network} weights {file} are missing: {_mend(network)}")
    if sha256 is not None:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != sha256:
            raise BackboneError(f"{network} weights {file} have sha256 {found} instead of {sha256}: {_mend(network)}")
    return file


def _mend(network: str) -> str:
    return f"install sosia-broker again, or make it again with `sosia train {network}`"
