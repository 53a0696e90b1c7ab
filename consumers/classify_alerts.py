"""What a class network sees of alerts in files: the image that it would be given on the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.annotator import stamp_pair
from broker.classifiers.contract import Abstention, Sight
from broker.classifiers.views import PacketViews
from broker.files import read_files
from consumers.image_files import ReadImage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from broker.classifiers.contract import View
    from broker.packet import Packet
    from broker.surveys.survey import Survey
    from schemas.errors import SosiaError


def host_view(sight: Sight) -> View | Abstention:
    """Return an alert's host in the middle of its reference, or of its science image where there is none."""
    return PacketViews(sight).host


def alert_images(
    file: Path,
    view: Callable[[Sight], View | Abstention],
    surveys: Sequence[Survey],
    schemas: Path | None = None,
) -> Iterator[tuple[Packet, ReadImage | Abstention] | SosiaError]:
    """Read the alerts of a file.

    Parameters
    ----------
    file : Path
    view : callable
        Chooses the image.
    surveys, schemas
        As for `broker.files.read_files`.

    Yields
    ------
    (Packet, ReadImage or Abstention), or SosiaError
        In the order of the file; the error where an alert cannot be read.
    """
    for one in read_files([file], surveys, schemas):
        if one.packet is not None:
            pair = stamp_pair(one.packet)
            yield one.packet, _image(view(Sight(one.packet, pair.science, pair.reference)))
        elif one.error is not None:
            yield one.error


def _image(view: View | Abstention) -> ReadImage | Abstention:
    if isinstance(view, Abstention):
        return view
    rows_up = view.sight.packet.survey.name != "ztf"  # as on the contact sheets
    return ReadImage(
        view.pixels,
        None,
        view.pixel_scale,
        view.sight.exposure_time,
        view.seeing,
        rows_up,
        view.input_image,
        view.fwhm,
        view.polarity,
    )
