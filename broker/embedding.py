"""From prepared images to their places in feature space, and how far each science image lies from its reference."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from broker.sky_framed import SkyFramed
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from broker.geometry import SkyFrame
    from broker.preprocessing import Preprocessing
    from broker.stamp_pair import Prepared, StampPair


class Backbone(Protocol):
    """What is asked of a network; `models.backbone.Backbone` is one."""

    @property
    def name(self) -> str:
        """Name in annotations."""

    @property
    def input_size(self) -> int:
        """Side of its input [px]."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What tells it from any other network: architecture, input size, sha256 of the weights."""

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map images (n, side, side, 3) in 0 to 255 to features (n, d)."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Where the images of one packet lie in feature space.

    Attributes
    ----------
    science_embedding, reference_embedding : float32 array (d,) or None
    science_reason, reference_reason : StampReason or None
        Why there is no embedding.
    reference_distance : float or None
        Euclidean distance between the two.
    masked_fraction : float
        As in `Prepared`.
    """

    science_embedding: NDArray[np.float32] | None
    reference_embedding: NDArray[np.float32] | None
    science_reason: StampReason | None
    reference_reason: StampReason | None
    reference_distance: float | None
    masked_fraction: float


class Embedder:
    """Embeds the stamps of packets, batch by batch. For one thread at a time.

    Parameters
    ----------
    backbone : Backbone
        The network.
    preprocessing : Preprocessing, optional
        What comes before it; by default `SkyFramed`.
    cached_references : int
        How many reference embeddings to remember, 5 kB each.

    Attributes
    ----------
    cache_hits : int
        References that had been embedded before.
    """

    def __init__(
        self, backbone: Backbone, preprocessing: Preprocessing | None = None, cached_references: int = 1024
    ) -> None:
        self.backbone = backbone
        self.preprocessing = preprocessing or SkyFramed()
        self.cache_hits = 0
        self._cached_references = cached_references
        self._cache: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def digest(self, frame: SkyFrame) -> str:
        """Hash all that decides an embedding: architecture and weights, and the preprocessing.

        Embeddings may be compared only where it is the same.

        Parameters
        ----------
        frame : SkyFrame
            The survey's.

        Returns
        -------
        str
            sha256, in hex, of a canonical JSON manifest.
        """
        manifest = {"backbone": dict(self.backbone.manifest), **self.preprocessing.manifest(frame)}
        return hashlib.sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def embed(self, batch: Sequence[StampPair]) -> list[Embedded]:
        """Embed the stamps of a batch of packets.

        Parameters
        ----------
        batch : sequence of StampPair
            Of any surveys.

        Returns
        -------
        list of Embedded
            One a packet, in order. What is wrong with one stamp touches no other's result.
        """
        return self.embed_prepared(self.preprocessing.prepare(batch))

    def embed_prepared(self, prepared: Sequence[Prepared]) -> list[Embedded]:
        """Embed what the preprocessing made of them; see `embed`."""
        places = self._places([images.science for images in prepared], [images.reference for images in prepared])
        return [
            Embedded(
                science,
                reference,
                _reason(images.science),
                _reason(images.reference),
                None if science is None or reference is None else float(np.linalg.norm(science - reference)),
                images.masked_fraction,
            )
            for images, (science, reference) in zip(prepared, places, strict=True)
        ]

    def _places(
        self, science: list[NDArray[np.float32] | StampError], reference: list[NDArray[np.float32] | StampError]
    ) -> list[tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]]:
        """Embed what was not embedded before, in one pass; references are remembered by their content."""
        keys = [_content(image) for image in science + reference]
        of_references = list(dict.fromkeys(key for key in keys[len(science) :] if key))
        known = {key: self._cache.pop(key) for key in of_references if key in self._cache}
        self.cache_hits += len(known)
        new = {
            key: image
            for key, image in zip(keys, science + reference, strict=True)
            if key and key not in known and not isinstance(image, StampError)
        }
        if new:
            images = self.preprocessing.network_input(list(new.values()), self.backbone.input_size)
            features = self.backbone.embed(images)
            known |= {key: place.copy() for key, place in zip(new, features, strict=True)}  # not views of one array
        self._cache.update((key, known[key]) for key in of_references)
        while len(self._cache) > self._cached_references:
            self._cache.popitem(last=False)
        places = [known[key] if key else None for key in keys]
        return list(zip(places[: len(science)], places[len(science) :], strict=True))


def _content(image: NDArray[np.float32] | StampError) -> bytes | None:
    """Name an image by what decides the network's input."""
    if isinstance(image, StampError):
        return None
    return hashlib.blake2b(image.tobytes(), digest_size=32, person=repr(image.shape).encode()[:16]).digest()


def _reason(image: NDArray[np.float32] | StampError) -> StampReason | None:
    return image.reason if isinstance(image, StampError) else None
