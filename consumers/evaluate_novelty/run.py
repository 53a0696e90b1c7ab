"""The whole evaluation of the novelty index, printed as it is measured."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from consumers.assembly import open_examiner
from consumers.evaluate_novelty import at_scale, discoveries, lens_candidates, look_alikes, on_nights, real
from consumers.evaluate_novelty.nights import SURVEYS, Night, night

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from broker.examiner import Examiner
    from consumers.evaluate_novelty.at_scale import ScaleFigures
    from consumers.evaluate_novelty.discoveries import DiscoveryFigures
    from consumers.evaluate_novelty.real import RealFigures
    from consumers.settings import BackboneSettings

#: Of the nights; scores and spaces were chosen on nights of seed 5.
SEED = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes
    ----------
    alerts : int
        Of each survey's simulated night; 0: none.
    stamps : int
        Distinct ones, of which nights with injected novelties are drawn; 0: none.
    entries : int
        Of the large index; 0: none.
    lenses : int
        Candidates, a tenth of them lenses; 0: none.
    data : path or None
        Folder with ``galaxyzoo/``.
    folder : path or None
        Where what is simulated is kept, and found again; None: nowhere.
    seed : int
        Of the nights.
    """

    alerts: int
    stamps: int
    entries: int
    lenses: int
    data: Path | None
    folder: Path | None
    seed: int = SEED


def print_figures(backbone: BackboneSettings, plan: Plan) -> None:
    """Measure and print."""
    console = Console(highlight=False, soft_wrap=True)
    with ExitStack() as stack:
        folder = plan.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        built = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for line in _lines(open_examiner(backbone), plan, folder, built):
            console.print(line, markup=False)


def _lines(examiner: Examiner, plan: Plan, folder: Path, built: Path) -> Iterator[str]:
    if plan.alerts:
        for survey in SURVEYS:
            yield from _night_lines(night(folder, examiner, survey, plan.alerts, plan.seed), built)
    if plan.stamps:
        yield from _discovery_lines(discoveries.measure(folder, built, examiner.embedder, plan.stamps))
    if plan.entries:
        yield f"distinct simulated stamps, {at_scale.QUERIES} others asked about"
        for figures in at_scale.measure(folder, examiner.embedder, plan.entries):
            yield from _scale_lines(figures)
    if plan.lenses:
        yield f"lens candidates by frequency, {plan.lenses} simulated at {lens_candidates.PREVALENCE:.0%} prevalence"
        for first, purity in lens_candidates.measure(examiner.embedder, plan.lenses).items():
            yield f"  purity of the first {first}: {purity}"
    if plan.data is not None:
        yield from _real_lines(real.on_pictures(examiner.embedder, plan.data))


def _real_lines(surveys: Iterable[RealFigures]) -> Iterator[str]:
    for one in surveys:
        yield f"Galaxy Zoo, {one.survey}, real: {one.normal} normal, {one.odd} others"
        for name, figure in one.areas.items():
            yield f"  AUROC {name:28} {figure}"
        for name, figure in one.leads.items():
            yield f"  sosia less {name:23} {figure}"


def _night_lines(one: Night, built: Path) -> Iterator[str]:
    version = on_nights.build_index(one, built)
    yield f"simulated night of {one.survey}: {len(one)} readable alerts, {int(one.novel.sum())} with a novelty"
    for facts in version.manifest.populations:
        yield (
            f"  {facts.band}: {facts.entries} entries, {facts.calibration.first} first and "
            f"{facts.calibration.later} later epochs calibrate"
        )
    for figures in on_nights.rank(one, version):
        yield f"  {figures.band}: novelties above unseen ordinary alerts"
        for name, figure in figures.areas.items():
            yield f"    AUROC {name:28} {figure}"
        for name, figure in figures.leads.items():
            yield f"    sosia less {name:23} {figure}"
        for kind, figure in figures.by_kind.items():
            yield f"    AUROC sosia, {kind:21} {figure}"
        yield f"    found at 1 % of the ordinary ones  {figures.recall}"
    for test in on_nights.calibration(one, version):
        yield (
            f"  {test.band}, {test.which} epochs: KS p = {test.p_value:.3f} "
            f"({test.held_out} held out, {test.calibrating} calibrating)"
        )
    ranks = on_nights.top(one, version)
    yield f"  faults among the top {on_nights.TOP}: {ranks.before}; without problematic epochs {ranks.after}"
    for band, retrieved in look_alikes.on_night(one, version):
        yield f"  {band}: of the first {look_alikes.FIRST} look-alikes at {look_alikes.PREVALENCE:.0%} prevalence"
        for kind, (own, other) in retrieved.items():
            yield f"    {kind:10} of its own queries {own}, of others {other}"


def _discovery_lines(figures: DiscoveryFigures) -> Iterator[str]:
    yield (
        f"{discoveries.NIGHTS} nights of {discoveries.ALERTS} alerts, {discoveries.NOVEL} of them novel; "
        f"{figures.entries} entries, {figures.calibrating} calibrating, {figures.held_out} ordinary and "
        f"{figures.novel} novel stamps to draw from"
    )
    yield f"  Benjamini-Hochberg at {discoveries.LEVEL:.0%}: false-discovery proportion {figures.false_share}"
    yield f"  power {figures.power}"
    for kind, power in figures.power_by_kind.items():
        yield f"    {kind:10} {power:.3f}"


def _scale_lines(figures: ScaleFigures) -> Iterator[str]:
    yield f"  {figures.entries} entries: recall at 1 {figures.at_1}, at 10 {figures.at_10}"
    yield (
        f"    a search: {figures.seconds * 1e6:.0f} us of CPU, {figures.compared:.0f} entries compared; building: "
        f"{figures.building * 1e6:.0f} us an entry; {figures.bytes_per_entry:.0f} bytes an entry; private memory "
        f"+{figures.private_growth / 1e6:.1f} MB"
    )
