"""What lies between a packet's stamps and what a network sees, behind one interface.

``sky-frame`` (`broker.sky_framed.SkyFramed`) is the project's own and the default, ``ulisse`` (`broker.ulisse.Ulisse`)
the published one. Their embeddings have different digests, and are never compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from broker.geometry import SkyFrame
    from broker.stamp_pair import Prepared, StampPair


class Preprocessing(Protocol):
    """A chain from stamps to a network's input."""

    @property
    def name(self) -> str:
        """Name in the settings."""

    @property
    def backbone(self) -> str | None:
        """The only network that it is for; None: any."""

    def manifest(self, frame: SkyFrame) -> Mapping[str, Any]:
        """Return what decides the network's input, besides the stamp: part of the digest."""

    def prepare(self, batch: Sequence[StampPair]) -> list[Prepared]:
        """Turn the images of a batch of packets to what `network_input` takes; one result a packet, in order."""

    def network_input(self, images: Sequence[NDArray[np.float32]], side: int) -> NDArray[np.float32]:
        """Give prepared images (bands, rows, columns) the network's size and channels.

        Returns
        -------
        float32 array (n, side, side, 3)
            In [0, 255], where the networks' own scaling begins.
        """
