"""The alert-selected world: of ZTF-like and Rubin-like objects, only what difference imaging detects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulate.worlds.detection import THRESHOLD, Detector
from models.simulate.worlds.exposing import compose, conditions, draw_seeing, spoil, stack, take
from models.simulate.worlds.field import field
from models.simulate.worlds.instrument import LSST, ZTF
from models.simulate.worlds.observed import Exposure, Observed
from models.simulate.worlds.targets import draw_kind, draw_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.simulate.worlds.exposing import Scene, Shot, Spoilt
    from models.simulate.worlds.instrument import Instrument
    from models.simulate.worlds.observed import Floats
    from models.simulate.worlds.targets import Kind

BAD = 0.05
"""Of the alerts of objects that change."""

MOST = 8
"""Alerts an object."""

NIGHTS = 80
"""An object is looked at so many times, every three days or so."""

TRIES = 20
"""Exposures of a night before the object counts as not detected."""

SHARES: dict[str, dict[Kind, float]] = {
    "ztf": {
        ("galaxy", "supernova hosted"): 0.22,
        ("nothing", "supernova hostless"): 0.08,
        ("agn host", "agn"): 0.2,
        ("star", "variable star"): 0.25,
        ("nothing", "mover"): 0.15,
        ("star", None): 0.06,
        ("galaxy", None): 0.04,
    },
    "lsst": {
        ("galaxy", "supernova hosted"): 0.25,
        ("nothing", "supernova hostless"): 0.3,
        ("agn host", "agn"): 0.12,
        ("star", "variable star"): 0.05,
        ("nothing", "mover"): 0.2,
        ("star", None): 0.04,
        ("galaxy", None): 0.04,
    },
}
"""Of the kinds of object: half of Rubin's have no host; a few do not change, and only a fault made them seem to."""


def alert_selected(objects: int, seed: int, bad: float = BAD) -> Iterator[Observed]:
    """Simulate the alerts of two surveys, in turn.

    Parameters
    ----------
    objects : int
    seed : int
        Each object has a generator of its own: the first ones of a longer run are the same.
    bad : float
        Share of bad alerts of objects that change; those that do not send bad ones only.

    Yields
    ------
    Observed
        In every exposure the difference at the object's place has an S/N above 5.
    """
    for number in range(objects):
        rng = np.random.default_rng([seed, number, 2])
        instrument = (ZTF, LSST)[number % 2]
        observed = None
        while observed is None:
            observed = _observe(f"{instrument.name}-{seed}-{number}", instrument, rng, bad)
        yield observed


def _observe(name: str, instrument: Instrument, rng: np.random.Generator, bad: float) -> Observed | None:
    """Draw an object and its alerts; None where it sent none."""
    side = instrument.smallest if rng.random() < 0.6 else int(rng.integers(instrument.smallest, instrument.largest + 1))
    x, y = (side - 1) / 2 + rng.uniform(-0.5, 0.5, 2)
    canvas = instrument.canvas(side, float(x), float(y))
    mjd = 60000 + np.cumsum(rng.exponential(3.0, NIGHTS))
    kind = draw_kind(SHARES[instrument.name], rng)
    target = draw_target(instrument, kind, rng.uniform(instrument.depth - 5.5, instrument.depth - 0.5), mjd, rng)
    # The object's place is where its change was detected, not its host's centre.
    lasting = [one.shift(-target.offset[0], -target.offset[1]) for one in target.lasting]
    crowding = 10 ** rng.uniform(0, 1.6) if instrument is ZTF else 1.0
    scene = compose(canvas, field(instrument, rng, crowding) + lasting, target.varying)
    reference = stack(instrument, scene, rng, instrument.seeing * 10 ** rng.normal(0, 0.04))
    alerts = []
    for night, spoilt in _nights(instrument, kind[1], target.gained, rng, bad):
        sent = _sent(instrument, scene, reference, float(target.gained[night]), rng, bad=spoilt)
        if sent:
            shot, fault = sent
            alerts.append(
                Exposure(
                    science=(fault.image if fault else shot.image).astype(np.float32),
                    mjd=float(mjd[night]),
                    fwhm=shot.conditions.fwhm,
                    sigma=shot.conditions.sigma,
                    fault=fault.kind if fault else None,
                    fault_snr=fault.snr if fault else 0.0,
                    fault_snr_beyond=fault.snr_beyond if fault else 0.0,
                    change=kind[1] if shot.flux else None,
                    change_snr=shot.change_snr(),
                )
            )
    if not alerts:
        return None
    return Observed(
        name,
        instrument.name,
        instrument.pixel_scale,
        canvas.x,
        canvas.y,
        reference.image.astype(np.float32),
        tuple(alerts),
    )


def _nights(
    instrument: Instrument, change: str | None, gained: Floats, rng: np.random.Generator, share: float
) -> list[tuple[int, bool]]:
    """Choose the nights that alerts may come from, in time order, and which of them have a fault.

    A fault may make an alert on any night; without one, the change has to be bright enough.
    """
    if change is None:
        return [(int(rng.integers(len(gained))), True)]
    bright = rng.permutation(np.flatnonzero(np.abs(gained) > (THRESHOLD - 1) * instrument.point_noise))
    chosen = bright[: rng.integers(1, MOST + 1)]
    bad = rng.random(len(chosen)) < share
    if change != "mover":  # which was here for one night
        chosen = np.where(bad, rng.integers(0, len(gained), len(chosen)), chosen)
    return sorted(dict(zip(chosen.tolist(), bad.tolist(), strict=True)).items())


def _sent(
    instrument: Instrument, scene: Scene, reference: Shot, gained: float, rng: np.random.Generator, *, bad: bool
) -> tuple[Shot, Spoilt | None] | None:
    """Expose until the survey detects the object; return the good exposure, and the bad one where that is sent."""
    for _ in range(TRIES):
        # ZTF's science images and references differ in their zero points.
        transparency = rng.uniform(0.8, 1.25) if instrument is ZTF else np.exp(rng.normal(0, 0.03))
        under = conditions(
            instrument, scene.canvas, rng, fwhm=draw_seeing(instrument, rng), transparency=float(transparency)
        )
        shot = take(scene, under, gained, rng)
        detector = Detector(reference, under)
        if bad:
            spoilt = spoil(shot, rng, detector.detects)
            if spoilt:
                return shot, spoilt
        elif detector.detects(shot.image):
            return shot, None
    return None
