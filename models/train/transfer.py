"""Transfer between surveys: how many stamps a network needs that comes from another, and one that starts from nothing.

Verdoes Kleijn et al.: labels of a new survey are few, and what a network learned on another need not be learned again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from models.intervals import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Stamps = TypeVar("Stamps")
Network = TypeVar("Network")

COUNTS = (100, 300, 1000, 3000, 10_000)
REPEATS = 3

_SIZE, _MARGIN = (760, 460), (80, 50, 30, 60)
_INK, _FAINT, _COLOURS = (40, 40, 40), (220, 220, 220), ((0, 90, 181), (220, 50, 32))


@dataclass(frozen=True, slots=True)
class Start(Generic[Stamps, Network]):
    """A network before it has seen the new survey.

    Attributes
    ----------
    build : callable
        Lays it out, from a seed: with the weights of the other survey, or with random ones.
    fit : callable
        Trains it on stamps, in the order of a seed, and returns it.
    """

    build: Callable[[int], Network]
    fit: Callable[[Network, Stamps, int], Network]


@dataclass(frozen=True, slots=True)
class Task(Generic[Stamps, Network]):
    """What is learned again and again.

    Attributes
    ----------
    make : callable
        Draws a number of stamps of the new survey, with their labels; other ones for another seed.
    transferred, scratch : Start
    score : callable
        Tells how good a network is on stamps of the new survey that none was trained on; 0 to 1, more is better.
    """

    make: Callable[[int, int], Stamps]
    transferred: Start[Stamps, Network]
    scratch: Start[Stamps, Network]
    score: Callable[[Network], float]


@dataclass(frozen=True, slots=True)
class Row:
    """Scores after training on a number of stamps."""

    count: int
    transferred: Figure
    scratch: Figure


def curve(task: Task[Stamps, Network], counts: Sequence[int] = COUNTS, repeats: int = REPEATS) -> Iterator[Row]:
    """Train with more and more stamps, each time `repeats` times with other stamps and another order.

    Yields
    ------
    Row
        The means, with central 95 % of Student's t over the repetitions; of 0 stamps, what transfers untrained.
    """
    untrained = task.score(task.transferred.build(0))
    yield Row(0, Figure(untrained, untrained, untrained, 1), Figure(math.nan, math.nan, math.nan, 0))
    for count in counts:
        scores: tuple[list[float], list[float]] = ([], [])
        for seed in range(repeats):
            stamps = task.make(count, seed)
            for start, found in zip((task.transferred, task.scratch), scores, strict=True):
                found.append(task.score(start.fit(start.build(seed), stamps, seed)))
        yield Row(count, *(mean(found) for found in scores))


def mean(values: Sequence[float]) -> Figure:
    """Return the mean of a few repetitions, and its interval (Student 1908)."""
    from scipy.stats import t

    half = math.inf
    if len(values) > 1:
        half = float(t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    middle = float(np.mean(values))
    return Figure(middle, middle - half, middle + half, len(values))


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows of a Markdown table."""
    return [
        "| stamps | transferred | from scratch |",
        "|---|---|---|",
        *(f"| {row.count:,} | {_cell(row.transferred)} | {_cell(row.scratch)} |" for row in rows),
    ]


def _cell(figure: Figure) -> str:
    if figure.n < 2:
        return "" if math.isnan(figure.value) else f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def draw_curve(rows: Sequence[Row], measure: str, file: Path) -> None:
    """Draw both curves over the number of stamps, as PNG.

    Parameters
    ----------
    rows : sequence of Row
    measure : str
        What the scores are, for the axis.
    file : path
    """
    from PIL import Image, ImageDraw, ImageFont

    trained = [row for row in rows if row.count]
    lows = [figure.low for row in trained for figure in (row.transferred, row.scratch)]
    untrained = [row.transferred.value for row in rows if not row.count]
    bottom = math.floor(10 * max(min(*lows, *untrained), 0.0)) / 10
    first, last = (math.log10(row.count) for row in (trained[0], trained[-1]))
    left, top, right, below = _MARGIN[0], _MARGIN[1], _SIZE[0] - _MARGIN[2], _SIZE[1] - _MARGIN[3]

    def place(count: float, value: float) -> tuple[float, float]:
        x = (math.log10(count) - first) / max(last - first, 1e-9)
        y = (float(np.clip(value, bottom, 1.0)) - bottom) / (1.0 - bottom)
        return left + 20 + x * (right - left - 40), below - y * (below - top)

    picture = Image.new("RGB", _SIZE, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(15)
    for value in np.arange(bottom, 1.001, 0.1):
        _, y = place(trained[0].count, value)
        draw.line((left, y, right, y), _FAINT)
        draw.text((left - 8, y), f"{value:.1f}", _INK, font, "rm")
    for row in trained:
        draw.text((place(row.count, 0)[0], below + 8), f"{row.count:,}", _INK, font, "mt")
    draw.text(((left + right) / 2, _SIZE[1] - 8), "stamps of the new survey", _INK, font, "mb")
    draw.text((left, top - 14), measure, _INK, font, "ls")
    curves = (("transferred", [row.transferred for row in trained]), ("from scratch", [row.scratch for row in trained]))
    for number, ((name, figures), colour) in enumerate(zip(curves, _COLOURS, strict=True)):
        shift = 3 * (2 * number - 1)  # so that bars do not hide each other
        places = [
            [(x + shift, y) for x, y in (place(row.count, value) for value in (one.low, one.value, one.high))]
            for row, one in zip(trained, figures, strict=True)
        ]
        draw.line([middle for _, middle, _ in places], colour, 2)
        for low, (x, y), high in places:
            draw.line([low, high], colour, 2)
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), colour)
        draw.text((left + 12, top + 14 + 20 * number), name, colour, font, "lm")
    for value in untrained:
        y = place(trained[0].count, value)[1]
        draw.line((left, y, right, y), _COLOURS[0], 1)
        draw.text((right - 10, y - 4), "untrained", _COLOURS[0], ImageFont.load_default(12), "rs")
    picture.save(file)
