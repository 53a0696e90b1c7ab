"""Where a network's weights come from: this package, Keras' download, a file, or a seed."""

from __future__ import annotations

import contextlib
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models import student
from models.shipped import verified
from schemas.errors import BackboneError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tf_keras import Model

#: Keras' networks: our names, and the functions of `tf_keras.applications`.
KERAS = {"efficientnet-b0": "EfficientNetB0", "efficientnetv2-b0": "EfficientNetV2B0"}
#: The project's own network, whose weights come with it: `models.student`.
BUNDLED = "sosia-64"
ARCHITECTURES = (*KERAS, BUNDLED)
DEFAULT = BUNDLED
_KERAS_SIDE = 224

BUNDLED_FILE = Path(__file__).with_name("sosia-64.h5")
BUNDLED_SHA256 = "21bd280f0b19f1014ddf75a312e37529b0b7b025e96e377ca2dc5ab2d1acda52"

#: A layer that only one of them has: the first block of V1 has a depthwise convolution, that of V2 is fused.
_TELLING_LAYERS = {
    "efficientnet-b0": "block1a_dwconv",
    "efficientnetv2-b0": "block1a_project_conv",
    BUNDLED: student.TELLING_LAYER,
}

#: Of ImageNet's channels; the official file of EfficientNet-B0 stores them where variances belong.
_STANDARD_DEVIATIONS = (0.229, 0.224, 0.225)

_SEED = 20120
_TIMEOUT = 15.0  # of the download: seconds without a byte


def bundled(file: Path = BUNDLED_FILE, sha256: str = BUNDLED_SHA256) -> Model:
    """Read the weights that come with the project.

    Raises
    ------
    BackboneError
        The file is not the one that was published with this version.
    """
    return read(BUNDLED, verified("backbone", file, sha256))


def download(name: str) -> Model:
    """Let Keras fetch the weights trained on ImageNet, or take them from its cache; it checks their hash.

    Raises
    ------
    BackboneError
        They cannot be had.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr), _socket_timeout(_TIMEOUT):  # stdout is for annotations
            return _build(name, "imagenet")
    except Exception as error:  # Keras raises a bare Exception where a download fails
        raise BackboneError(f"the ImageNet weights of {name} cannot be downloaded ({error}): {_mend(name)}") from error


def recognise(weights: Path, name: str | None) -> str:
    """Tell the architecture from the layers in a file.

    Raises
    ------
    BackboneError
        The file is missing, unreadable, or holds another network than the one named.
    """
    import h5py

    if not weights.is_file():
        raise BackboneError(f"weights file {weights} does not exist: {_mend(name)}")
    try:
        with h5py.File(weights) as file:
            layers = set(file.get("model_weights", file))
    except Exception as error:  # h5py raises nearly anything on a damaged file
        raise _damaged(weights, name, error) from error
    found = next((known for known, layer in _TELLING_LAYERS.items() if layer in layers), None)
    if found is None or name not in {None, found}:
        holds = found or f"none of {', '.join(ARCHITECTURES)}"
        raise BackboneError(f"weights file {weights} holds {holds}: {_mend(name)}")
    return found


def read(name: str, weights: Path) -> Model:
    """Load weights, never a stored model: no code in the file is run.

    Raises
    ------
    BackboneError
        The file is damaged or has other shapes.
    """
    model = _build(name, None)
    try:
        model.load_weights(str(weights))
    except Exception as error:  # h5py and Keras raise nearly anything on a damaged file
        raise _damaged(weights, name, error) from error
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise _damaged(weights, name, ValueError("some weights are not finite"))
    _correct_normalization(model)
    return model


def initialise(name: str) -> Model:
    """Draw weights from a fixed seed (He normal); Keras' own initialisers depend on the process's state."""
    model = _build(name, None)
    random = np.random.default_rng(_SEED)
    for weight in model.trainable_weights:
        if "kernel" in weight.name:
            inputs = weight.shape[:2] if "depthwise" in weight.name else weight.shape[:-1]
            scale = np.float32(np.sqrt(2.0 / np.prod(inputs)))
            weight.assign(scale * random.standard_normal(weight.shape, dtype=np.float32))
    return model


def _build(name: str, weights: str | None) -> Model:
    import tf_keras

    if name == BUNDLED:
        return student.build()
    make = getattr(tf_keras.applications, KERAS[name])
    return make(include_top=False, weights=weights, input_shape=(_KERAS_SIDE, _KERAS_SIDE, 3), pooling="avg")


def _correct_normalization(model: Model) -> None:
    """Divide EfficientNet-B0's input by ImageNet's standard deviation, not by the root of it.

    Keras corrects the official file for its own download alone; given by path, the
    same file would be another network.
    """
    for layer in model.layers:
        if type(layer).__name__ == "Normalization" and layer.weights:
            mean, variance, count = layer.get_weights()
            if np.allclose(variance, _STANDARD_DEVIATIONS, rtol=1e-3):
                layer.set_weights([mean, np.square(variance), count])
                layer.finalize_state()


@contextlib.contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Bound Keras' download, which has no timeout of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _damaged(weights: Path, name: str | None, error: Exception) -> BackboneError:
    what = (str(error) or type(error).__name__).splitlines()[0]
    return BackboneError(f"weights file {weights} is damaged or of another network ({what}): {_mend(name)}")


def _mend(name: str | None) -> str:
    wanted = name or " or ".join(ARCHITECTURES)
    return f"set SOSIA_BACKBONE__WEIGHTS to a Keras weights file (.h5) of {wanted} without its top"
