"""The demonstration's picture: candidates of the rare classes, alerts farthest from their references and nearest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import read_cutout
from consumers.contact_sheet import Pixels, Section, Triplet, save_contact_sheet
from schemas.errors import StampError

if TYPE_CHECKING:
    from consumers.demo.rare import Shown
    from consumers.demo.results import Results
    from models.simulate.stream import Truth


def save_picture(path: Path, results: Results) -> None:
    """Draw the results' most and least conspicuous alerts as PNG."""
    sections = [
        Section(f"{survey}: {name}, {heading}", [_triplet(one, _truth(results, survey, one)) for one in alerts])
        for survey, result in results.surveys.items()
        for name, found in result.classes.items()
        for heading, alerts in (("candidates with their scores", found.surest), ("missed", found.missed))
    ]
    for survey, result in results.surveys.items():
        farthest = {shown.packet.epoch_id for shown in result.farthest}
        nearest = [shown for shown in result.nearest if shown.packet.epoch_id not in farthest]
        for heading, alerts in (("farthest from the reference", result.farthest), ("nearest to it", nearest)):
            triplets = [_triplet(shown, _truth(results, survey, shown)) for shown in alerts]
            sections.append(Section(f"{survey}: {heading}, with the distance", triplets))
    title = "Sosia: " + ("a simulated night" if results.truths else "packets from files")
    save_contact_sheet(path, title + (" - UNTRAINED backbone" if results.untrained else ""), sections)


def _truth(results: Results, survey: str, shown: Shown) -> Truth | None:
    return results.truths.get((survey, shown.packet.epoch_id))


def _triplet(shown: Shown, truth: Truth | None) -> Triplet:
    packet = shown.packet
    science, reference, difference = (_pixels(stamp) for stamp in (packet.science, packet.reference, packet.difference))
    if truth is not None:
        note = f"simulated: {truth.kind}, {truth.fault or 'good image'}"
    else:
        note = "" if packet.snr is None else f"signal-to-noise ratio of the change {packet.snr:.1f}"
    return Triplet(
        title=f"{packet.object_id}  {packet.band or '-'}",
        distance=shown.value,
        note=note,
        science=science,
        reference=reference,
        difference=None if difference is None else difference * np.float32(packet.difference_sign),
        # ZTF's first row seems to be north, Rubin's is the lowest of the detector's.
        rows_up=packet.survey.name != "ztf",
    )


def _pixels(stamp: bytes | None) -> Pixels | None:
    """Read a stamp; of a cube, the first band."""
    if stamp is None:
        return None
    try:
        image = read_cutout(stamp).image
    except StampError:  # the annotation says why; the picture shows that there is none
        return None
    return image if image.ndim == 2 else image[0]
