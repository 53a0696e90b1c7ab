"""Packets whose images are drawn for a test."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.io.fits import Header, PrimaryHDU
from numpy.typing import NDArray

from broker.annotator import stamp_pair
from broker.classifiers.contract import Sight
from broker.reader import Reader
from broker.surveys.rubin import Rubin
from broker.surveys.stamps import Stamps
from broker.surveys.ztf import Ztf
from models.simulate.stream import simulate
from schemas.source import FolderSource

if TYPE_CHECKING:
    from pathlib import Path

    from broker.packet import Packet
    from models.simulate.fits import Value

Image = NDArray[np.float32]


def a_packet(survey: str = "ztf", schemas: Path | None = None) -> Packet:
    """One simulated alert, read as the broker reads it."""
    alert = next(iter(simulate(survey, 1, seed=5)))
    return Reader([Ztf(), Rubin()], FolderSource(schemas) if schemas else None).read(alert.packet)


def fits(image: Image, cards: dict[str, Value] | None = None) -> bytes:
    file = io.BytesIO()
    PrimaryHDU(image, Header(cards or {})).writeto(file)
    return file.getvalue()


def a_sight(
    *,
    science: Image | None = None,
    reference: Image | None = None,
    difference: Image | None = None,
    scale: float = 0.2,
    cards: dict[str, Value] | None = None,
    **fields: Any,
) -> Sight:
    """An own stamp's packet with these images."""
    images = {"science": science, "reference": reference, "difference": difference}
    changed: dict[str, Any] = {name: None if image is None else fits(image, cards) for name, image in images.items()}
    changed |= {"survey": Stamps(), "pixel_scale": scale, "exposure_time": 30.0, "seeing": 3.0 * scale}
    packet = replace(a_packet(), **changed | {"difference_sign": 1, "polarity": None} | fields)
    pair = stamp_pair(packet)
    return Sight(packet, pair.science, pair.reference)
