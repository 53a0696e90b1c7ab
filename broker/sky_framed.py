"""The preprocessing ``sky-frame``, step by step.

1. Bring science and reference image to the survey's sky frame (`broker.frame`),
2. give both one stretch, set by the reference (`broker.stretch`), and lay them side by side (`broker.comparison`),
3. enlarge them to the network's input, one band in all three channels or three in one each (`broker.network_input`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.comparison import compare
from broker.cutout import MIN_SIDE
from broker.frame import FRAME_MANIFEST, FramedStamps, bring_to_frame
from broker.geometry import Geometry, SkyFrame
from broker.network_input import INPUT_MANIFEST, network_input
from broker.stamp_pair import Prepared, Stamp, StampPair
from broker.stretch import STRETCH_MANIFEST, stretch
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


class SkyFramed:
    """The preprocessing ``sky-frame``: a `Preprocessing` for any network."""

    name = "sky-frame"
    backbone = None

    def manifest(self, frame: SkyFrame) -> Mapping[str, Any]:
        """Return every constant of sky frame, stretch and resizing."""
        return {
            "frame": FRAME_MANIFEST | {"side": frame.side, "scale": frame.scale},
            "stretch": STRETCH_MANIFEST,
            "input": INPUT_MANIFEST,
        }

    def prepare(self, batch: Sequence[StampPair]) -> list[Prepared]:
        """Bring images to the sky frame and stretch them; see `prepare`."""
        return prepare(batch)

    def network_input(self, images: Sequence[NDArray[np.float32]], side: int) -> NDArray[np.float32]:
        """Enlarge them; see `broker.network_input`."""
        return network_input(images, side)


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
        fwhm = np.array([batch[i].seeing for i in members]) / frame.scale
        together = zip(members, *stretch(science, reference), *compare(science, reference, fwhm), strict=True)
        for row, (index, science_image, reference_image, planes, changed) in enumerate(together):
            both = not (science.errors[row] or reference.errors[row])
            prepared[index] = Prepared(
                science.errors[row] or science_image,
                reference.errors[row] or reference_image,
                float(science.missing[row]),
                planes if both else None,
                float(changed) if both else None,
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
