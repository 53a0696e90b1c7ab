"""Real stamps with their places on the sky, and copies of them that were cut differently."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.cutout import read_cutout
from broker.geometry import Geometry
from broker.stamp_pair import Stamp, StampPair
from broker.surveys.rubin import Rubin
from broker.surveys.ztf import Ztf
from schemas.errors import StampError
from tests.broker.packets import decode_container, decode_rubin, rubin_files, ztf_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def ztf_pair(record: dict[str, Any]) -> StampPair:
    def stamp(name: str) -> Stamp | StampError:
        try:
            cutout = read_cutout(record[name]["stampData"])
        except StampError as error:
            return error
        return Stamp(cutout, Geometry.plain(cutout.image.shape, Ztf.facts.frame.scale))

    return StampPair(stamp("cutoutScience"), stamp("cutoutTemplate"), Ztf.facts.frame)


def rubin_pair(record: dict[str, Any]) -> StampPair:
    centre = record["diaObject"] or record["diaSource"]

    def stamp(name: str) -> Stamp | StampError:
        cutout = read_cutout(record[name])
        geometry = Geometry.from_wcs(cutout.header, centre["ra"], centre["dec"])
        assert geometry is not None
        return Stamp(cutout, geometry)

    return StampPair(stamp("cutoutScience"), stamp("cutoutTemplate"), Rubin.facts.frame)


def ztf_pairs(shared_data: Path, step: int = 1) -> list[StampPair]:
    return [ztf_pair(decode_container(path.read_bytes())) for path in ztf_files(shared_data)[::step]]


def rubin_pairs(shared_data: Path) -> list[StampPair]:
    return [rubin_pair(decode_rubin(shared_data, path.read_bytes())) for path in rubin_files(shared_data)[:-1]]


def both(pair: StampPair, change: Callable[[Stamp], Stamp]) -> StampPair:
    """The packet as if both of its images had been cut differently."""
    science, reference = (
        image if isinstance(image, StampError) else change(image) for image in (pair.science, pair.reference)
    )
    return StampPair(science, reference, pair.frame)


def turned(stamp: Stamp, quarters: int) -> Stamp:
    """The same sky on a detector that was turned: the pixel at (x, y) goes to (y, columns - 1 - x)."""
    image, geometry = stamp.cutout.image, stamp.geometry
    for _ in range(quarters):
        columns = image.shape[-1]
        image = np.rot90(image, axes=(-2, -1))
        xu, xv, yu, yv = geometry.matrix
        geometry = replace(geometry, x=geometry.y, y=columns - 1 - geometry.x, matrix=(yu, yv, -xu, -xv))
    return Stamp(replace(stamp.cutout, image=np.ascontiguousarray(image)), geometry)


def window(stamp: Stamp, left: int, bottom: int, columns: int, rows: int) -> Stamp:
    """The same sky in another window: smaller, larger or shifted [px]; NaN where the stamp never looked."""
    image = stamp.cutout.image
    pad = max(0, -left, -bottom, left + columns - image.shape[1], bottom + rows - image.shape[0])
    padded = np.pad(image, pad, constant_values=np.nan)
    cut = padded[bottom + pad : bottom + pad + rows, left + pad : left + pad + columns]
    geometry = replace(stamp.geometry, x=stamp.geometry.x - left, y=stamp.geometry.y - bottom)
    return Stamp(replace(stamp.cutout, image=cut.copy()), geometry)


def centred(stamp: Stamp, side: int) -> Stamp:
    """A smaller stamp of the same object."""
    left, bottom = round(stamp.geometry.x - (side - 1) / 2), round(stamp.geometry.y - (side - 1) / 2)
    return window(stamp, left, bottom, side, side)
