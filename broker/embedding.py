"""From a batch of packets' stamps to their places in feature space: the method, step by step.

1. bring science and reference image to the survey's sky frame (`broker.frame`),
2. give both one stretch, set by the reference (`broker.stretch`),
3. enlarge them to the network's input, one band in all three channels or three in one each,
4. embed all in one pass, identical references only once (`models.backbone`),
5. measure how far each science image lies from its reference.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from broker.cutout import MIN_SIDE
from broker.frame import FRAME_MANIFEST, FramedStamps, bring_to_frame
from broker.geometry import Geometry, SkyFrame
from broker.stretch import STRETCH_MANIFEST, stretch
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from broker.cutout import Cutout

#: Shares of a cube's bands in red, green and blue: the last band, the reddest of ``gri``, goes to red as in
#: SDSS's colour images, which ULISSE was built on. Of two bands green takes the mean.
CHANNELS = {
    1: ((1.0,), (1.0,), (1.0,)),
    2: ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0)),
    3: ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
}

#: The networks' own scaling starts from 8-bit images.
WHITE = 255.0

#: What of this file changes the network's input: part of the digest. ``version`` stands for the code.
INPUT_MANIFEST = {"version": 1, "resize": "bilinear, half-pixel centres", "white": WHITE, "channels": CHANNELS}


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
class Stamp:
    """One image, and where the sky is in it."""

    cutout: Cutout
    geometry: Geometry

    @property
    def bands(self) -> int:
        """How many the image has."""
        return self.cutout.image.shape[0] if self.cutout.image.ndim > 2 else 1


@dataclass(frozen=True, slots=True, eq=False)
class StampPair:
    """The images of one packet that are embedded.

    Attributes
    ----------
    science, reference : Stamp or StampError
        The error says why there is none.
    frame : SkyFrame
        The survey's.
    """

    science: Stamp | StampError
    reference: Stamp | StampError
    frame: SkyFrame

    @property
    def bands(self) -> int:
        """How many bands the science image has, or the reference where there is no science image."""
        return next((image.bands for image in (self.science, self.reference) if isinstance(image, Stamp)), 1)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The images of one packet in the sky frame and stretched: what the network is about to see.

    Attributes
    ----------
    science, reference : float32 array (bands, side, side) in [0, 1], or StampError
    masked_fraction : float
        Share of the science image's frame without data, before it was filled; 1 without science image.
    """

    science: NDArray[np.float32] | StampError
    reference: NDArray[np.float32] | StampError
    masked_fraction: float


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
    cached_references : int
        How many reference embeddings to remember, 5 kB each.
    """

    def __init__(self, backbone: Backbone, cached_references: int = 4096) -> None:
        self.backbone = backbone
        self._cached_references = cached_references
        self._cache: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def digest(self, frame: SkyFrame) -> str:
        """Hash all that decides an embedding: architecture and weights, sky frame, stretch, resizing.

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
        manifest = {
            "backbone": dict(self.backbone.manifest),
            "frame": FRAME_MANIFEST | {"side": frame.side, "scale": frame.scale},
            "stretch": STRETCH_MANIFEST,
            "input": INPUT_MANIFEST,
        }
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
        prepared = prepare(batch)
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
        new = {
            key: image
            for key, image in zip(keys, science + reference, strict=True)
            if key and key not in known and not isinstance(image, StampError)
        }
        if new:
            features = self.backbone.embed(network_input(list(new.values()), self.backbone.input_size))
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


def prepare(batch: Sequence[StampPair]) -> list[Prepared]:
    """Bring the images of a batch of packets to the sky frame and stretch them.

    Parameters
    ----------
    batch : sequence of StampPair

    Returns
    -------
    list of Prepared
        One a packet, in order.
    """
    prepared: dict[int, Prepared] = {}
    alike = defaultdict(list)
    for index, pair in enumerate(batch):
        alike[pair.frame, pair.bands].append(index)
    for (frame, bands), members in alike.items():
        science = _bring([batch[i].science for i in members], bands, frame)
        reference = _bring([batch[i].reference for i in members], bands, frame)
        for row, (index, *images) in enumerate(zip(members, *stretch(science, reference), strict=True)):
            prepared[index] = Prepared(
                science.errors[row] or images[0], reference.errors[row] or images[1], float(science.missing[row])
            )
    return [prepared[index] for index in range(len(batch))]


def _bring(stamps: Sequence[Stamp | StampError], bands: int, frame: SkyFrame) -> FramedStamps:
    """Frame what there is; what there is not takes its place as a stamp of NaN, with its own reason."""
    nothing = np.full((bands, MIN_SIDE, MIN_SIDE), np.nan, dtype=np.float32)
    images = [nothing] * len(stamps)
    geometries = [Geometry.plain(nothing.shape, frame.scale)] * len(stamps)
    errors: list[StampError | None] = [None] * len(stamps)
    for index, stamp in enumerate(stamps):
        if isinstance(stamp, StampError):
            errors[index] = stamp
        elif stamp.bands != bands:
            errors[index] = StampError(StampReason.SIZE, f"{stamp.bands} bands where the science image has {bands}")
        else:
            images[index] = stamp.cutout.image.reshape(bands, *stamp.cutout.image.shape[-2:])
            geometries[index] = stamp.geometry
    framed = bring_to_frame(images, geometries, frame)
    return replace(framed, errors=[error or fault for error, fault in zip(errors, framed.errors, strict=True)])


def network_input(images: Sequence[NDArray[np.float32]], side: int) -> NDArray[np.float32]:
    """Enlarge stretched images and give the network its three channels.

    Parameters
    ----------
    images : sequence of arrays (bands, rows, columns)
        In [0, 1].
    side : int
        Of the network's input [px].

    Returns
    -------
    float32 array (n, side, side, 3)
        In [0, 255].
    """
    enlarged = np.empty((len(images), side, side, 3), dtype=np.float32)
    alike = defaultdict(list)
    for index, image in enumerate(images):
        alike[image.shape].append(index)
    for (bands, rows, columns), members in alike.items():
        stack = np.stack([images[i] for i in members])
        resized = _bilinear(rows, side) @ stack @ _bilinear(columns, side).T
        for channel, shares in enumerate(CHANNELS[bands]):
            mixed = (share * resized[:, band] for band, share in enumerate(shares) if share)
            enlarged[members, ..., channel] = WHITE * sum(mixed)
    return enlarged


@lru_cache
def _bilinear(size: int, side: int) -> NDArray[np.float32]:
    """Weights (side, size) of bilinear interpolation with half-pixel centres; no smoothing where it shrinks."""
    position = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0.0, size - 1.0)
    weights = np.maximum(0.0, 1.0 - np.abs(position[:, None] - np.arange(size)))
    return weights.astype(np.float32)


def _reason(image: NDArray[np.float32] | StampError) -> StampReason | None:
    return image.reason if isinstance(image, StampError) else None
