"""The whole evaluation: worlds, packets, picture; on a terminal with progress bars."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from consumers.assembly import open_examiner
from consumers.evaluate_epochs import worlds
from consumers.evaluate_epochs.figures import figures
from consumers.evaluate_epochs.injected import inject_all
from consumers.evaluate_epochs.packets import read_epochs
from consumers.evaluate_epochs.picture import save_picture
from consumers.evaluate_epochs.real_figures import real_figures, reliable
from consumers.evaluate_epochs.tables import drawn, markdown, tables
from consumers.settings import BackboneSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from broker.examiner import Examiner
    from consumers.evaluate_epochs.judged import JudgedEpoch
    from consumers.evaluate_epochs.measured import Measured

#: No training run draws with this seed unless told to.
HELD_OUT_SEED = 64
#: Objects of each world: sparse ones have fewer epochs.
OBJECTS = {worlds.MONITORING: 160, worlds.ALERT_SELECTED: 1200}
#: Columns of the tables where no terminal says how many it has.
WIDE = 240


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes
    ----------
    objects : mapping
        How many of each world, at least one; none of those not named.
    seed : int
        Of worlds and injected faults.
    data : path or None
        Folder with real packets.
    picture : path or None
        Where to draw epochs of the worlds.
    draws : int
        Faults of each kind injected into each real stamp.
    """

    objects: Mapping[str, int]
    seed: int = HELD_OUT_SEED
    data: Path | None = None
    picture: Path | None = None
    draws: int = 2


def print_figures(name_or_path: str, plan: Plan, *, as_json: bool, card: Path | None) -> None:
    """Measure, and print tables, or one JSON object a figure.

    Parameters
    ----------
    name_or_path : str
        A backbone, or the weights file of one.
    plan : Plan
    as_json : bool
    card : path or None
        Where the tables go as Markdown.
    """
    path = Path(name_or_path)
    settings = BackboneSettings(weights=path) if path.suffix else BackboneSettings(name=name_or_path)
    examiner = open_examiner(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        measured = list(evaluate(examiner, plan, bars))
    if as_json:
        sys.stdout.writelines(f"{json.dumps(one.to_json())}\n" for one in measured)
    found = list(tables(measured))
    backbone = examiner.embedder.backbone
    sizes = "".join(f", {objects} objects of the {world} world" for world, objects in plan.objects.items())
    heading = f"backbone {backbone.name} ({backbone.manifest['weights'][:12]}...), seed {plan.seed}{sizes}"
    if not as_json:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
        console.print(heading)
        for table in found:
            console.print(drawn(table))
    if card is not None:
        card.write_text(f"`sosia evaluate epochs`, {heading}\n\n{markdown(found)}")


def evaluate(examiner: Examiner, plan: Plan, bars: Progress) -> Iterator[Measured]:
    """Measure the rules.

    Yields
    ------
    Measured
        World by world, both together, then real packets.
    """
    if plan.objects:
        epochs = judge_worlds(examiner, plan, bars)
        for world in plan.objects:
            yield from figures(f"{world}, simulated", [one for one in epochs if one.world == world])
        if len(plan.objects) > 1:
            yield from figures("both worlds, simulated", epochs)
        if plan.picture is not None:
            save_picture(plan.picture, epochs)
    if plan.data is not None:
        real = read_epochs(plan.data, examiner)
        good = [one for one in real if reliable(one) and one.score is not None]
        yield from real_figures(
            real, inject_all(bars.track(good, description="faults into real stamps"), examiner, plan.draws, plan.seed)
        )


def judge_worlds(examiner: Examiner, plan: Plan, bars: Progress) -> list[JudgedEpoch]:
    """Draw the worlds and judge their epochs."""
    epochs: list[JudgedEpoch] = []
    with worlds.workers() as pool:
        spreads = worlds.populations(pool, plan.objects)
        for world, objects in plan.objects.items():
            bar = bars.add_task(f"{world} world", total=2 * objects)
            observed = worlds.drawn(pool, world, objects, plan.seed)
            first = epochs[-1].number + 1 if epochs else 0
            epochs += worlds.judge(pool, world, observed, examiner, spreads, partial(bars.advance, bar), first)
    return epochs
