"""The simulated night as a stream of packets, each with the truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.simulate import rubin, ztf
from models.simulate.camera import RUBIN, ZTF
from models.simulate.exposure import expose
from models.simulate.faults import Fault
from models.simulate.night import RARE, Kind, epochs
from models.simulate.rare import rare_epochs

SURVEYS = ("ztf", "lsst")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a simulated alert because it was simulated.

    Attributes
    ----------
    survey, object_id, epoch_id : str
        As an annotation names them.
    kind : Kind
        What it is of.
    fault : Fault or None
        What is wrong with its image.
    band : str
        Filter.
    seeing : float
        FWHM [arcsec].
    snr : float
        Signal-to-noise ratio of the change.
    """

    survey: str
    object_id: str
    epoch_id: str
    kind: Kind
    fault: Fault | None
    band: str
    seeing: float
    snr: float

    @property
    def rare(self) -> str | None:
        """Name of the rare class that it belongs to."""
        return RARE.get(self.kind)


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedAlert:
    """One packet and its truth."""

    truth: Truth
    packet: bytes


def simulate(survey: str, alerts: int, seed: int = 0, rare: float = 0.0) -> Iterator[SimulatedAlert]:
    """Make a night's alerts of one survey, in time order, one by one.

    Parameters
    ----------
    survey : {"ztf", "lsst"}
        Whose.
    alerts : int
        How many.
    seed : int
        The same seed gives the same bytes.
    rare : float
        Share of the alerts that belong to a rare class: far more than in the sky, so that a short night has some.
    """
    camera = {"ztf": ZTF, "lsst": RUBIN}[survey]
    writer = ztf.Writer() if survey == "ztf" else rubin.Writer()
    rng = np.random.default_rng([seed, SURVEYS.index(survey)])
    count = min(round(alerts * rare), alerts - 1)
    seen = epochs(camera, alerts - count, rng)
    if count:
        seen = sorted([*seen, *rare_epochs(camera, seen, count, rng)], key=lambda epoch: epoch.visit.number)
    for epoch in seen:
        stamps = expose(camera, epoch, rng)
        object_id, epoch_id, packet = writer.write(epoch, stamps, rng)
        visit = epoch.visit
        truth = Truth(survey, object_id, epoch_id, epoch.object.kind, epoch.fault, visit.band, visit.seeing, stamps.snr)
        yield SimulatedAlert(truth, packet)
