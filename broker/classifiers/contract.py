"""What a class network is given of a packet, and what it says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models.simulate.profiles import FWHM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from broker.annotation import Lens, Streak
    from broker.classifiers.views import PacketViews
    from broker.geometry import Geometry
    from broker.packet import Packet
    from broker.stamp_pair import Stamp
    from schemas.errors import StampError

#: The rare classes, in the order of an annotation's entries.
CLASSES = ("streak", "lens", "merger")


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One packet with the images that were read from it.

    Attributes
    ----------
    packet : Packet
    science, reference : Stamp or StampError
        The error says why there is none.
    """

    packet: Packet
    science: Stamp | StampError
    reference: Stamp | StampError

    @property
    def exposure_time(self) -> float | None:
        """[s], where the packet or its survey tells."""
        return self.packet.exposure_time or self.packet.survey.facts.exposure_time


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One image of a packet, as a class network sees it.

    Attributes
    ----------
    pixels : float32 array (rows, columns)
        Native, row 0 first, NaN where missing.
    input_image : {"science", "reference", "difference"}
        Which image it is.
    pixel_scale : float
        [arcsec/px]; nominal, so that stamps of one survey share a batch.
    geometry : Geometry
        Where the sky is in it.
    sight : Sight
        Whose image it is.
    psf : float32 array (rows, columns) or None
        The image's own point spread function, where the survey sends it.
    """

    pixels: NDArray[np.float32]
    input_image: str
    pixel_scale: float
    geometry: Geometry
    sight: Sight
    psf: NDArray[np.float32] | None = None

    @property
    def width(self) -> float:
        """Of the smaller side [arcsec]."""
        return float(min(self.pixels.shape) * self.pixel_scale)

    @property
    def seeing(self) -> float:
        """FWHM [arcsec]: as the packet tells of its epoch, else the survey's usual; no reference has a poorer one."""
        usual = self.sight.packet.survey.facts.seeing
        told = self.sight.packet.seeing or usual
        return min(told, usual) if self.input_image == "reference" else told

    @property
    def fwhm(self) -> float | None:
        """Of the PSF [px]: of the image's own, else as the packet or its survey tells; None where nobody does."""
        own = None if self.psf is None else fwhm_of(self.psf)
        packet = self.sight.packet
        told = packet.seeing is not None or packet.survey.facts.pixel_scale is not None  # else its usual one is a guess
        return own or (self.seeing / self.pixel_scale if told else None)

    @property
    def polarity(self) -> int | None:
        """+1 where the alert's cause is bright in this image, -1 where it is dark; None where nobody tells."""
        return self.sight.packet.polarity if self.input_image == "difference" else 1


def fwhm_of(psf: NDArray[np.float32]) -> float | None:
    """FWHM [px] of the Gaussian with as large an effective area, ``(sum P)^2 / sum P^2``; None where P has none."""
    light = psf[np.isfinite(psf)].astype(np.float64)
    total, squares = float(light.sum()), float(np.square(light).sum())
    return FWHM * abs(total) / math.sqrt(4.0 * math.pi * squares) if 0.0 < squares < math.inf else None


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why a class network does not judge a packet, and which image it would have looked at."""

    input_image: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a class network says of one view: a score in [0, 1], and what else it measured."""

    score: float
    streak: Streak | None = None
    lens: Lens | None = None


class Classifier(Protocol):
    """A network for one rare class."""

    @property
    def name(self) -> str:
        """Of the class, as in annotations."""

    @property
    def version(self) -> str:
        """Of the network."""

    def view(self, views: PacketViews) -> View | Abstention:
        """Choose what the network looks at, or say why its class cannot be seen there."""

    def look(self, views: Sequence[View]) -> list[Verdict]:
        """Judge views in one pass; one verdict a view, in their order."""
