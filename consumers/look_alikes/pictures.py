"""Images that are no alerts, embedded as if they were stamps of some survey: FITS, PNG, JPEG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.cutout import Cutout, read_cutout
from broker.geometry import Geometry
from broker.inputs.images import picture_pixels
from broker.stamp_pair import Stamp, StampPair
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from pathlib import Path

    from broker.geometry import SkyFrame

SUFFIXES = (".png", ".jpg", ".jpeg", ".fits", ".fit", ".fits.gz")
_FITS = (b"SIMPLE  =", b"\x1f\x8b")


def is_picture(path: Path) -> bool:
    """Whether a file's name says that it is an image."""
    return path.name.lower().endswith(SUFFIXES)


def find_pictures(paths: list[Path]) -> list[Path]:
    """Return the images of some paths: files as they are, folders recursively, sorted."""
    found: list[Path] = []
    for path in paths:
        found += sorted(one for one in path.rglob("*") if is_picture(one)) if path.is_dir() else [path]
    return found


def read_picture(path: Path) -> Cutout:
    """Read an image, rows upwards; the bands of a picture in colour are blue, green and red.

    Raises
    ------
    StampError
        It is missing, damaged or has no accepted size.
    """
    try:
        payload = path.read_bytes()
    except OSError as error:
        raise StampError(StampReason.MISSING, f"{path}: {error.strerror}") from error
    return read_cutout(payload) if payload.startswith(_FITS) else Cutout(picture_pixels(path), {})


def picture_pair(cutout: Cutout, frame: SkyFrame, pixel_scale: float | None) -> StampPair:
    """Take an image for a science stamp without a reference.

    Parameters
    ----------
    cutout : Cutout
    frame : SkyFrame
        The survey's.
    pixel_scale : float or None
        [arcsec/px]; None: the whole image fills the frame.
    """
    scale = pixel_scale or frame.side * frame.scale / min(cutout.image.shape[-2:])
    return StampPair(
        Stamp(cutout, Geometry.plain(cutout.image.shape, scale)),
        StampError(StampReason.MISSING, "a picture has no reference"),
        frame,
    )
