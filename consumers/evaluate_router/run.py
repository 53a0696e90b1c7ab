"""The whole evaluation of the router, printed as it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from broker.classifiers.lens import LensClassifier
from broker.classifiers.merger import MergerClassifier
from broker.classifiers.router import RouterClassifier
from broker.classifiers.streak import StreakClassifier
from consumers.evaluate_router.mix import measure
from consumers.evaluate_router.night import on_night
from models import lens_finder, merger_finder, router_calibration, streak_detector
from models.router import WEIGHTS, load
from models.router_calibration import digest
from models.train.router_judges import Judges

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from models.router import Router

#: Scores above which a class network accepts what alerts carry; of the lens networks Rubin's is the ground's.
_ACCEPTED = {
    "streak": streak_detector.THRESHOLD,
    "lens": lens_finder.THRESHOLDS["ground"],
    "merger": merger_finder.THRESHOLD,
}


def print_figures(count: int, night: int, work: Path, weights: Path | None = None) -> None:
    """Measure and print.

    Parameters
    ----------
    count : int
        Accepted positives of each class, of the frozen test; 0: none of it.
    night : int
        Alerts of each survey's simulated night; 0: none.
    work : path
        Folder for the stamps, which take long to draw.
    weights : path or None
        Other weights than those that ship, with their calibration beside them.
    """
    console = Console(highlight=False, soft_wrap=True)
    status = Console(stderr=True).status
    if weights is None:
        calibration = router_calibration.read(WEIGHTS.sha256)
    else:
        calibration = router_calibration.read(digest(weights), weights.with_suffix(".json"))
    thresholds, router = calibration.current(), load(weights)
    for name, one in calibration.thresholds.items():
        console.print(
            f"{name}: threshold {one.score:.3e}, the least of {one.accepted} accepted positives; "
            f"missed at most {one.missed_at_most:.1e} (95 % confidence)"
        )
    if count:
        with status("Drawing and judging stamps"):
            found = measure(router, thresholds, Judges(work / "verdicts"), work / "shards", count, lambda: None)
        console.print(
            "frozen mix, simulated: streaks, lenses and mergers 1:1:1 that their networks accept, and 7 others"
        )
        for name, figures in found.items():
            console.print(name)
            console.print(f"  missed of what its network accepts: {figures.missed}")
            console.print(f"  purity of what passes: {figures.purity}")
            console.print(f"  share of the mix that passes: {figures.passed}")
            console.print(f"  share of ordinary alerts that passes: {figures.ordinary}")
            console.print(f"  share of impostors that passes: {figures.impostors}")
    if night:
        _print_nights(console, night, router, thresholds)


def _print_nights(console: Console, alerts: int, router: Router, thresholds: Mapping[str, float]) -> None:
    finders = {form: lens_finder.load(form) for form in ("ground", "space")}
    networks = (
        StreakClassifier(streak_detector.load()), LensClassifier(finders), MergerClassifier(merger_finder.load())
    )  # fmt: skip
    before = RouterClassifier(router, thresholds)
    for survey in ("ztf", "lsst"):
        for rare in (0.0, 0.5):
            with Console(stderr=True).status(f"Simulating {survey}"):
                night = on_night(survey, alerts, networks, before, _ACCEPTED, rare)
            kind = "ordinary night" if not rare else "night of which half is rare"
            console.print(f"{survey}, simulated {kind}, {alerts} alerts")
            for name, share in night.passed.items():
                console.print(f"  {name}: passes {share}")
                console.print(f"    missed of those that its network accepts: {night.missed[name]}")
                console.print(f"    kept from what it takes for one: {night.spared[name]}")
            console.print(f"  CPU an alert: {night.before_ms:.2f} ms, with the router {night.after_ms:.2f} ms")
