"""Alerts with their images, out of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from consumers.client.alert import Stamps


@dataclass(frozen=True, slots=True, eq=False)
class FileAlert:
    """One alert of a file.

    Attributes
    ----------
    file : Path
    survey, object_id, epoch_id : str
    band : str or None
    mjd : float or None
        TAI at mid-exposure [d].
    ra, dec : float or None
        ICRS [deg].
    pixel_scale : float or None
        [arcsec/px].
    stamps : Stamps
        Its `science`, `reference` and `difference`; None where there is no readable one.
    """

    file: Path
    survey: str
    object_id: str
    epoch_id: str
    band: str | None
    mjd: float | None
    ra: float | None
    dec: float | None
    pixel_scale: float | None
    stamps: Stamps


def read_alerts(paths: Iterable[Path | str], schemas: Path | str | None = None) -> Iterator[FileAlert]:
    """Read alerts with their images.

    Parameters
    ----------
    paths : iterable of path
        Avro (ZTF, Rubin, own stamps), FITS, PNG, JPEG or Parquet; folders recursively for their ``.avro`` files.
    schemas : path, optional
        Folder of the schemas of Rubin's wire format; by default the folder ``schema`` beside the files.

    Yields
    ------
    FileAlert
        In the order of the files.

    Raises
    ------
    SosiaError
        A file, or an alert in it, cannot be read.

    Examples
    --------
    >>> sorted({alert.band for alert in read_alerts(["night"])})
    ['g', 'r']
    """
    from broker.files import find_files, read_files
    from consumers.assembly import open_surveys
    from consumers.client.alert import stamps_of

    surveys = open_surveys(("ztf", "lsst", "stamps"))
    for one in read_files(find_files(map(Path, paths)), surveys, None if schemas is None else Path(schemas)):
        if one.packet is None:
            assert one.error is not None  # there is one of the two
            raise one.error
        packet = one.packet
        yield FileAlert(
            one.file, packet.survey.name, packet.object_id, packet.epoch_id, packet.band, packet.mjd, packet.ra,
            packet.dec, packet.survey.facts.pixel_scale or packet.pixel_scale, stamps_of(packet),
        )  # fmt: skip
