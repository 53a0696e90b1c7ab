"""An epoch's embedding as stored: half floats with a checksum.

Half floats round a 1280-d embedding by 0.02 % of its length, far below the distance of any two epochs, and halve
the store.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from broker.history.history import Epoch
from schemas.errors import HistoryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STORED = np.dtype("<f2")
_LARGEST = float(np.finfo(np.float16).max)
_CHECKSUM = struct.Struct("<I")


def half(embedding: NDArray[np.float32]) -> NDArray[np.float16]:
    """Round to half floats; what is too large for one becomes the largest, never infinite."""
    return np.clip(embedding, -_LARGEST, _LARGEST).astype(np.float16)


def pack(epoch: Epoch) -> bytes:
    """Return the bytes of an epoch's embedding; their checksum covers its id and time as well."""
    values = epoch.embedding.astype(_STORED, copy=False).tobytes()
    return values + _CHECKSUM.pack(_checksum(epoch.epoch_id, epoch.mjd, values))


def unpack(epoch_id: str, mjd: float, stored: bytes) -> Epoch:
    """Return the epoch that was packed.

    Raises
    ------
    HistoryError
        The bytes are not those that were written.
    """
    values, checksum = stored[: -_CHECKSUM.size], stored[-_CHECKSUM.size :]
    if len(values) % _STORED.itemsize or checksum != _CHECKSUM.pack(_checksum(epoch_id, mjd, values)):
        raise HistoryError(f"the row of epoch {epoch_id!a} is not what was written")
    return Epoch(epoch_id, mjd, np.frombuffer(values, _STORED).astype(np.float16, copy=False))


def _checksum(epoch_id: str, mjd: float, values: bytes) -> int:
    time = struct.pack("<d", mjd + 0.0)  # SQLite gives -0.0 back as 0.0
    return zlib.crc32(values, zlib.crc32(time + epoch_id.encode()))
