"""The networks behind the embedding: EfficientNets without their top, and the bundled one that learnt from them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.batched import Batched
from models.weights import ARCHITECTURES, BUNDLED, DEFAULT, bundled, download, initialise, read, recognise
from schemas.errors import BackboneError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray
    from tf_keras import Model

FEATURES = 1280


class Backbone:
    """A frozen network; one traced graph of one fixed batch shape.

    Parameters
    ----------
    name : str
        For annotations.
    model : tf_keras.Model
        Maps (n, side, side, 3) in 0 to 255 to (n, 1280).
    batch : int
        Images per forward pass.

    Attributes
    ----------
    name : str
        Ends in ``-untrained`` where the weights are random.
    input_size : int
        Side of the input [px].
    digest : str
        sha256, in hex, over the values of the weights.
    """

    def __init__(self, name: str, model: Model, batch: int) -> None:
        self.name = name
        self.input_size = int(model.input_shape[1])
        self.digest = _digest(model)
        self._features = Batched(model, batch, small=batch)  # a copy of an image lies where the image does

    @property
    def traces(self) -> int:
        """How often the graph was traced: once at most, or shapes are not as fixed as they should be."""
        return self._features.traces

    @property
    def manifest(self) -> Mapping[str, str | int]:
        """What tells this network from any other."""
        return {"architecture": self.name, "inputSize": self.input_size, "pooling": "avg", "weights": self.digest}

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map images to features.

        Parameters
        ----------
        images : float32 array (n, side, side, 3)
            In 0 to 255; the networks scale by themselves. Any n: the last pass is padded.

        Returns
        -------
        float32 array (n, 1280)
        """
        return self._features(images)


def load_backbone(
    name: str | None = None,
    weights: Path | None = None,
    *,
    untrained: bool = False,
    batch: int = 16,
    threads: int | None = None,
) -> Backbone:
    """Load a network.

    Parameters
    ----------
    name : {"efficientnet-b0", "efficientnetv2-b0", "sosia-64"}, optional
        Without it, what the weights file holds, or `sosia-64`.
    weights : path, optional
        A Keras weights file (.h5). Without it `sosia-64` takes those that come with the project, and for the others
        Keras downloads those trained on ImageNet; both are checked by their hash.
    untrained : bool
        Use seeded random weights, the same in every process.
    batch : int
        Images per forward pass.
    threads : int, optional
        Threads of a forward pass, one a core by default. TensorFlow takes it only before its first use.

    Raises
    ------
    BackboneError
        The name is unknown; the weights cannot be had, are damaged or of another network.
    """
    if name is not None and name not in ARCHITECTURES:
        raise BackboneError(f"backbone {name!r} is unknown: choose one of {', '.join(ARCHITECTURES)}")
    _start_tensorflow(threads)
    if untrained:
        name = name or DEFAULT
        return Backbone(f"{name}-untrained", initialise(name), batch)
    if weights is None:
        name = name or DEFAULT
        return Backbone(name, bundled() if name == BUNDLED else download(name), batch)
    name = recognise(weights, name)
    return Backbone(name, read(name, weights), batch)


def _start_tensorflow(threads: int | None) -> None:
    with silent_stderr():
        import tensorflow as tf

        if threads is not None and tf.config.threading.get_intra_op_parallelism_threads() != threads:
            try:
                tf.config.threading.set_intra_op_parallelism_threads(threads)
                tf.config.threading.set_inter_op_parallelism_threads(1)
            except RuntimeError as error:
                raise BackboneError(
                    f"TensorFlow already runs: set SOSIA_BACKBONE__THREADS={threads} in a process of its own"
                ) from error
        tf.config.list_logical_devices()  # it looks for a GPU now, and not in the middle of a progress bar


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Keep TensorFlow's greetings off the terminal: C++ writes them before any of its log levels is obeyed."""
    if "tensorflow" in sys.modules:
        yield
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _digest(model: Model) -> str:
    """Hash the values in the order of the layers, and not the file: the same weights may be stored differently."""
    total = hashlib.sha256()
    for weight in model.get_weights():
        total.update(repr(weight.shape).encode())
        total.update(np.ascontiguousarray(weight, dtype="<f4").tobytes())
    return total.hexdigest()
