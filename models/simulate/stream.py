"""The simulated night as a stream of packets, each with the truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.simulate import rubin, ztf
from models.simulate.camera import RUBIN, ZTF
from models.simulate.exposure import expose
from models.simulate.faults import Fault
from models.simulate.night import Kind, epochs

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


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedAlert:
    """One packet and its truth."""

    truth: Truth
    packet: bytes


def simulate(survey: str, alerts: int, seed: int = 0) -> Iterator[SimulatedAlert]:
    """Make a night's alerts of one survey, in time order, one by one.

    Parameters
    ----------
    survey : {"ztf", "lsst"}
        Whose.
    alerts : int
        How many.
    seed : int
        The same seed gives the same bytes.
    """
    camera = {"ztf": ZTF, "lsst": RUBIN}[survey]
    writer = ztf.Writer() if survey == "ztf" else rubin.Writer()
    rng = np.random.default_rng([seed, SURVEYS.index(survey)])
    for epoch in epochs(camera, alerts, rng):
        stamps = expose(camera, epoch, rng)
        object_id, epoch_id, packet = writer.write(epoch, stamps, rng)
        visit = epoch.visit
        truth = Truth(survey, object_id, epoch_id, epoch.object.kind, epoch.fault, visit.band, visit.seeing, stamps.snr)
        yield SimulatedAlert(truth, packet)
