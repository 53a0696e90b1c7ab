"""The whole evaluation of the novelty index, printed as it is measured."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from consumers.assembly import open_examiner
from consumers.evaluate_novelty import (
    at_scale,
    discoveries,
    lens_candidates,
    look_alikes,
    on_nights,
    pictures,
    properties,
    real,
)
from consumers.evaluate_novelty.nights import SURVEYS, VISIBLE_NOVELTIES, Night, night

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from broker.embedding import Embedder
    from broker.examiner import Examiner
    from broker.novelty.versions import Version
    from consumers.evaluate_novelty.at_scale import ScaleFigures
    from consumers.evaluate_novelty.discoveries import DiscoveryFigures
    from consumers.evaluate_novelty.pictures import SimulatedFigures
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
    galaxies : int
        Whose masses and star-formation rates are known; 0: none.
    pictures : int
        Simulated surveys of pictures; 0: none.
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
    galaxies: int
    pictures: int
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
    embedder = examiner.embedder
    if plan.alerts:
        for survey in SURVEYS:
            one = night(folder, examiner, survey, plan.alerts, plan.seed)
            version = on_nights.build_index(one, built)
            yield from _night_lines(one, version)
            yield from _alike_lines("novelties as they come", one, version)
            visible = night(folder, examiner, survey, plan.alerts // 2, plan.seed, VISIBLE_NOVELTIES)
            yield from _alike_lines("visible novelties", visible, version)
    if plan.stamps:
        yield from _discovery_lines(discoveries.measure(folder, built, embedder, plan.stamps))
    if plan.entries:
        yield from _scale_lines(at_scale.measure(folder, embedder, plan.entries))
    if plan.lenses:
        yield from _lens_lines(embedder, plan.lenses)
    if plan.galaxies:
        yield from _property_lines(embedder, built, plan.galaxies)
    if plan.pictures:
        yield from _picture_lines(pictures.on_simulated(embedder, plan.pictures))
    if plan.data is not None:
        yield from _real_lines(real.on_pictures(embedder, plan.data))


def _lens_lines(embedder: Embedder, candidates: int) -> Iterator[str]:
    for form in lens_candidates.FORMS:
        yield f"lens candidates, {form}, {candidates} simulated at {lens_candidates.PREVALENCE:.0%} prevalence"
        for how, purities in lens_candidates.measure(embedder, form, candidates).items():
            for first, purity in purities.items():
                yield f"  {how}: purity of the first {first}: {purity}"


def _property_lines(embedder: Embedder, built: Path, galaxies: int) -> Iterator[str]:
    yield f"masses and star-formation rates read off look-alikes, {galaxies} simulated galaxies"
    for one in properties.measure(built, embedder, galaxies):
        yield f"  {one.name}: RMSE {one.rmse:.3f} dex, of guessing the mean {one.of_guessing}"
        yield f"    within 1 dex {one.within_a_dex}; guessing {one.guessed_within}"


def _picture_lines(figures: SimulatedFigures) -> Iterator[str]:
    yield f"{figures.surveys} simulated surveys of pictures, each by itself: means"
    for name, figure in figures.areas.items():
        yield f"  AUROC {name:28} {figure}"
    for name, figure in figures.leads.items():
        yield f"  sosia less {name:23} {figure}"
    for name, figure in figures.by_kind.items():
        yield f"  AUROC sosia, {name:21} {figure}"


def _real_lines(surveys: Iterable[RealFigures]) -> Iterator[str]:
    for one in surveys:
        yield f"Galaxy Zoo, {one.survey}, real: {one.normal} normal, {one.odd} others"
        for name, figure in one.areas.items():
            yield f"  AUROC {name:28} {figure}"
        for name, figure in one.leads.items():
            yield f"  sosia less {name:23} {figure}"


def _night_lines(one: Night, version: Version) -> Iterator[str]:
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


def _alike_lines(which: str, one: Night, version: Version) -> Iterator[str]:
    for band, retrieved in look_alikes.on_night(one, version):
        yield f"  {band}: of the first {look_alikes.FIRST} look-alikes at {look_alikes.PREVALENCE:.0%}, {which}"
        for kind, (own, other) in retrieved.items():
            yield f"    {kind:10} of its own queries {own}, of others {other}"


def _discovery_lines(figures: DiscoveryFigures) -> Iterator[str]:
    yield (
        f"{discoveries.NIGHTS} nights of {discoveries.ALERTS} alerts, {discoveries.NOVEL} of them novel; "
        f"{figures.entries} entries, {figures.calibrating} calibrating, {figures.held_out} ordinary and "
        f"{figures.novel} novel stamps to draw from"
    )
    level = f"Benjamini-Hochberg at {discoveries.LEVEL:.0%}"
    yield f"  {level}, frozen calibration: false-discovery proportion {figures.false_share}, power {figures.power}"
    yield f"  {level}, drawn anew each night: {figures.false_share_anew}, power {figures.power_anew}"
    yield f"  a process's own memory grows by {figures.private_growth / 1e6:.1f} MB with this index"
    for kind, power in figures.power_by_kind.items():
        yield f"    {kind:10} {power}; visible {figures.visible_by_kind[kind]}"


def _scale_lines(sizes: Iterable[ScaleFigures]) -> Iterator[str]:
    yield f"distinct simulated stamps, {at_scale.QUERIES} others asked about"
    for figures in sizes:
        yield f"  {figures.entries} entries: recall at 1 {figures.at_1}, at 10 {figures.at_10}"
        yield (
            f"    a search: {figures.seconds * 1e6:.0f} us of CPU, {figures.compared:.0f} entries compared; building: "
            f"{figures.building * 1e6:.0f} us an entry; {figures.bytes_per_entry:.0f} bytes an entry; private memory "
            f"+{figures.private_growth / 1e6:.1f} MB"
        )
