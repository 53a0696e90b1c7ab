"""The whole evaluation of the lens networks, as Markdown, printed as it is measured."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

from consumers.evaluate_lens.ceiling import ceiling
from consumers.evaluate_lens.picture import save_picture
from consumers.evaluate_lens.real import Ranking, on_candidates
from consumers.evaluate_lens.stamps import (
    DETECTABLE,
    PASSING,
    LensFigures,
    look_at_frozen,
    measure,
    stars_passing,
    threshold_at,
)
from models.lens_finder import LensFinder, load
from models.lens_network import FORMS
from models.simulate.lenses.frozen import arcs_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from models.intervals import Figure

#: Skies, and the forms that are measured on each one's stamps.
SKIES = {sky: [one for one in FORMS.values() if one.sky == sky] for sky in ("ground", "space")}


def print_figures(
    stamps: int,
    data: Path | None = None,
    card: Path | None = None,
    picture: Path | None = None,
    skies: Sequence[str] = tuple(SKIES),
) -> None:
    """Measure and print.

    Parameters
    ----------
    stamps : int
        How many of the frozen ones of each sky; none for 0.
    data : path or None
        Folder with ``lenses/cfhtls``.
    card : path or None
        Where to write the same lines.
    picture : path or None
        Where to draw what the four-band network takes for something else, as PNG.
    skies : sequence of str
        Keys of `SKIES`.
    """
    console = Console(highlight=False, soft_wrap=True)
    finders = {name: load(name) for name in FORMS}
    lines = []
    for line in _lines(finders, stamps, data, skies):
        console.print(line, markup=False)
        lines.append(line)
    if card is not None:
        card.write_text("\n".join([*lines, ""]), encoding="utf-8")
    if picture is not None:
        save_picture(finders["ground-ugri"], picture)


def _lines(finders: dict[str, LensFinder], stamps: int, data: Path | None, skies: Sequence[str]) -> Iterator[str]:
    for sky in skies if stamps else ():
        forms = SKIES[sky]
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(f"Stamps, {sky}", total=stamps)
            looks = look_at_frozen(sky, [finders[one.name] for one in forms], stamps, partial(bar.advance, task))
        arcs = arcs_alone(sky, max(stamps // 20, 2))
        for form, seen in zip(forms, looks, strict=True):
            yield from lines_of(form.name, measure(seen))
            told, among = ceiling(arcs, form)
            yield f"Were all else in a stamp known, and its arcs, the AUROC would be {told:.3f};"
            yield from (f"were its arcs one of {len(arcs)}, {among}.", "")
            threshold = threshold_at(seen.score[~seen.lens], PASSING)
            passing = stars_passing(finders[form.name], threshold, max(stamps // 10, 1))
            yield from (f"Stars, of which the frozen stamps hold none, pass there by {passing}.", "")
    if data is not None:
        yield from _candidate_lines(*on_candidates(finders["ground-ugri"], finders["ground"], data))


def lines_of(name: str, figures: LensFigures) -> Iterator[str]:
    """Give one form's figures, line by line."""
    yield from (f"### {name}", "", "| | |", "|---|---|")
    yield f"| AUROC | {figures.auroc} |"
    yield f"| AUROC, arcs of S/N above {DETECTABLE:g} | {figures.detectable} |"
    yield f"| recall before the first false positive | {figures.tpr0} |"
    yield f"| recall with fewer than ten false positives | {figures.tpr10} |"
    for share, recall, pure in figures.at:
        yield f"| recall at {share:.0e} false positives; purity at one lens in 1,000 | {recall}; {pure:.3f} |"
    yield f"| Spearman of the information content, lenses that pass at {PASSING:.0e} | {figures.spearman} |"
    yield from ("", f"At {PASSING:.0e} false positives:", "", "| | passing |", "|---|---|")
    for low, high, recall in figures.by_radius:
        yield f"| Einstein radius {low:g} to {high:g} arcsec | {recall} |"
    for low, high, recall in figures.by_snr:
        yield f"| arc S/N {low:g} to {high:g} | {recall} |" if high < 1e9 else f"| arc S/N above {low:g} | {recall} |"
    for kind, passing in figures.impostors.items():
        yield f"| {kind} | {passing} |"
    yield ""


def _candidate_lines(colour: Figure, rankings: Sequence[Ranking]) -> Iterator[str]:
    yield from (
        "### CFHTLS candidates, grade 2 and above over the rest",
        "",
        "| | AUROC | less the colour's |",
        "|---|---|---|",
    )
    yield f"| mean R - B at 1 to 4 arcsec | {colour} | |"
    for one in rankings:
        yield f"| {one.name} | {one.area} | {one.better} |"
