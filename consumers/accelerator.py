"""Which device the networks run on: a GPU where TensorFlow sees one, and never the CPU in its place unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import structlog

from schemas.errors import BackboneError

log = structlog.get_logger()

Device = Literal["auto", "cpu", "gpu"]

#: There where the kernel drives an NVIDIA GPU, whatever TensorFlow was built with.
DRIVER = Path("/dev/nvidia0")


def choose_device(device: Device, driver: Path = DRIVER) -> None:
    """Settle the device before TensorFlow begins to compute.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        ``auto`` takes a GPU where TensorFlow sees one, and warns where there is one that it does not see.
    driver : Path, optional
        The device file of the first GPU.

    Raises
    ------
    BackboneError
        A GPU is asked for, and TensorFlow sees none.
    """
    from models.backbone import silent_stderr

    with silent_stderr():
        import tensorflow as tf

        seen = tf.config.list_physical_devices("GPU")
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
    if device == "cpu" or seen:
        return
    mend = "install the driver and tensorflow[and-cuda]"
    if device == "gpu":
        raise BackboneError(f'backbone.device = "gpu", and TensorFlow sees none: {mend}, or set it to "cpu"')
    if driver.exists():
        log.warning("this machine has a GPU that TensorFlow does not see", mend=f'{mend}, or backbone.device = "cpu"')
