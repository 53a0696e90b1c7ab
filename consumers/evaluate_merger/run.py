"""The whole evaluation of the merger network, printed as it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from consumers.evaluate_merger.picture import save_picture
from consumers.evaluate_merger.real import PictureFigures, on_pictures
from consumers.evaluate_merger.stamps import RECALL, StampFigures, on_stamps
from models.merger_finder import THRESHOLD, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.intervals import Figure

#: Galaxies in major mergers: Verdoes Kleijn et al., section 1.
PREVALENCE = 0.1


def print_figures(
    stamps: int, data: Path | None = None, weights: Path | None = None, picture: Path | None = None
) -> None:
    """Measure and print.

    Parameters
    ----------
    stamps : int
        How many of the frozen set; none for 0.
    data : path or None
        Folder with ``galaxyzoo``.
    weights : path or None
        Other weights than those that ship.
    picture : path or None
        Where to draw what the network finds and misses, as PNG.
    """
    console = Console(highlight=False, soft_wrap=True)
    finder = load(weights)
    if stamps:
        for line in _stamp_lines(on_stamps(finder, THRESHOLD, stamps)):
            console.print(line, markup=False)
    if data is not None:
        for line in _picture_lines(on_pictures(finder, THRESHOLD, data)):
            console.print(line, markup=False)
    if picture is not None:
        save_picture(finder, THRESHOLD, picture)


def _stamp_lines(figures: StampFigures) -> Iterator[str]:
    yield f"frozen stamps, simulated, half of them mergers, threshold {THRESHOLD:.4f}"
    yield f"  accuracy              {figures.accuracy}"
    yield f"  precision             {figures.precision}"
    yield f"  recall                {figures.recall}"
    yield f"  impostors that pass   {figures.false_positives}"
    yield f"  AUROC                 {figures.area}"
    yield f"    rotational asymmetry  {figures.asymmetry_area}; the network's gain {figures.gain}"
    yield f"    its accuracy at its best threshold  {figures.asymmetry_accuracy}"
    yield f"  at recall {RECALL:g}, impostors that pass"
    for kind, figure in figures.at_recall.items():
        yield f"    {kind:16s} {figure}"
    yield "  at the threshold, impostors that pass"
    for kind, figure in figures.by_kind.items():
        yield f"    {kind:16s} {figure}"
    yield "  as narrow as the PSF, so without a score where its width is known"
    for kind, figure in figures.narrow.items():
        yield f"    {kind:16s} {figure}"
    for name, rows in (
        ("of the light torn", figures.by_torn),
        ("nuclei apart [half-light radii]", figures.by_separation),
        ("half-light radius [FWHM]", figures.by_resolution),
    ):
        yield f"  recall by {name}"
        for low, high, figure in rows:
            yield f"    {low:g} to {high:g}: {figure}"
    yield f"  purity where one galaxy in ten is a merger: {_purity(figures.recall.value, figures.false_positives)}"
    yield f"    at recall {RECALL:g}: {_purity(RECALL, figures.at_recall['all'])}"


def _picture_lines(figures: PictureFigures) -> Iterator[str]:
    yield "Galaxy Zoo's pictures in grey, real: mergers over ordinary galaxies of the same survey"
    for name, mergers, ordinary, area in figures.surveys:
        yield f"  {name}: {mergers} mergers, {ordinary} ordinary, AUROC {area:.3f}"
    yield f"  AUROC, pairs pooled     {figures.area}"
    yield f"    rotational asymmetry  {figures.asymmetry_area}; the network's gain {figures.gain}"
    yield "  of each label pass the threshold, all surveys"
    for label, figure in figures.by_label.items():
        yield f"    {label:18s} {figure}"


def _purity(recall: float, passing: Figure) -> str:
    value, low, high = (
        recall * PREVALENCE / (recall * PREVALENCE + share * (1.0 - PREVALENCE) or 1.0)
        for share in (passing.value, passing.high, passing.low)
    )
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
