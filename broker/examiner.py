"""Looks at a batch of epochs: where they lie in feature space, what is wrong with them, what changed at their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from broker.network_input import bilinear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from broker.embedding import Embedded, Embedder
    from broker.stamp_pair import Prepared, StampPair


#: A packet may claim any seeing [arcsec].
LEAST_SEEING = 0.01


class FaultNetwork(Protocol):
    """What is asked of the epoch network; `models.epoch_network.EpochNetwork` is one."""

    @property
    def input_size(self) -> int:
        """Side of its input [px]."""

    def log_odds(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map planes (n, side, side, planes) of `broker.comparison` to log odds of a fault (n,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """What the pixels of one packet tell.

    Attributes
    ----------
    embedded : Embedded
    fault : float or None
        Log odds that the science image has a fault that its reference has not; None without either image or without
        a network.
    changed_snr : float or None
        S/N of the strongest point-like change at the object's place.
    backbone : str
        Name of the network that embedded.
    frame_width : float
        Side of the sky frame [FWHM].
    """

    embedded: Embedded
    fault: float | None
    changed_snr: float | None
    backbone: str = ""
    frame_width: float = 0.0


class Examiner:
    """Examines epochs, batch by batch. For one thread at a time.

    Parameters
    ----------
    embedder : Embedder
    network : FaultNetwork, optional
        None: faults are not looked for.
    """

    def __init__(self, embedder: Embedder, network: FaultNetwork | None = None) -> None:
        self.embedder = embedder
        self._network = network

    def examine(self, batch: Sequence[StampPair]) -> list[Examined]:
        """Examine a batch of packets' images.

        Parameters
        ----------
        batch : sequence of StampPair
            Of any surveys.

        Returns
        -------
        list of Examined
            One a packet, in order. What is wrong with one stamp touches no other's result.
        """
        prepared = self.embedder.preprocessing.prepare(batch)
        embedded = self.embedder.embed_prepared(prepared)
        faults = self._faults(prepared)
        return [
            Examined(
                places,
                fault,
                images.changed_snr,
                self.embedder.backbone.name,
                pair.frame.side * pair.frame.scale / max(pair.seeing, LEAST_SEEING),
            )
            for pair, places, fault, images in zip(batch, embedded, faults, prepared, strict=True)
        ]

    def _faults(self, prepared: Sequence[Prepared]) -> list[float | None]:
        faults: list[float | None] = [None] * len(prepared)
        planes = {index: images.planes for index, images in enumerate(prepared) if images.planes is not None}
        if self._network is not None and planes:
            found = self._network.log_odds(comparison_input(list(planes.values()), self._network.input_size))
            for index, log_odds in zip(planes, found, strict=True):
                faults[index] = float(log_odds)
        return faults


def comparison_input(planes: Sequence[NDArray[np.float32]], side: int) -> NDArray[np.float32]:
    """Enlarge comparisons (planes, rows, columns) of any sizes to a network's input (n, side, side, planes)."""
    enlarged = [bilinear(one.shape[-2], side) @ one @ bilinear(one.shape[-1], side).T for one in planes]
    return np.ascontiguousarray(np.moveaxis(np.stack(enlarged), 1, -1))
