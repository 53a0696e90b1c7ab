"""The router on positives, and on a mix of rare and ordinary alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.intervals import Figure, wilson
from models.router_network import CLASSES, IMAGE_OF
from models.simulate.mix.draw import CLASS_OF
from models.simulate.mix.frozen import MIX, Part
from models.train.router import accepted_scores
from models.train.router_set import draw_shard, open_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from models.router import Router
    from models.simulate.mix.draw import Drawn
    from models.train.router import Accepts

#: First shard of the impostors: none of the positives is among them.
_IMPOSTORS = 50


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class.

    Attributes
    ----------
    missed : Figure
        Share of the positives that its network accepts and the router does not let pass.
    purity : Figure
        Share of true ones among what passes of the mix.
    passed : Figure
        Share of the mix that passes.
    ordinary : Figure
        Share of ordinary alerts that passes.
    """

    missed: Figure
    purity: Figure
    passed: Figure
    ordinary: Figure


def measure(
    router: Router, thresholds: Mapping[str, float], accepts: Accepts, work: Path, count: int, drawn: Callable[[], None]
) -> dict[str, ClassFigures]:
    """Measure every class on the frozen test.

    Parameters
    ----------
    router : Router
    thresholds : mapping of class to float
    accepts : Accepts
        The class networks.
    work : path
        Folder for shards.
    count : int
        Accepted positives of each class; the mix has seven times as many others.
    drawn : callable
        Called for each shard.
    """

    def shards(source: str, first: int, positives: float) -> list[Drawn]:
        found: list[Drawn] = []
        while sum(len(one.positive) for one in found) < count:
            found.append(open_shard(draw_shard(work, source, Part.TEST, first + len(found), positives)))
            drawn()
        return found

    positives = {name: _positives(router, accepts, work, name, count, drawn) for name in CLASSES}
    ordinary = {image: _looked(router, shards(f"ordinary {image}", 0, 0.0), image) for image in ("difference", "host")}
    impostors = {
        image: np.concatenate(
            [
                _looked(router, shards(source, _IMPOSTORS, 0.0), image)
                for source, name in CLASS_OF.items()
                if IMAGE_OF[name] == image
            ]
        )
        for image in ("difference", "host")
    }
    rng = np.random.default_rng(0)
    return {name: _figures(name, thresholds[name], positives, ordinary, impostors, rng) for name in CLASSES}


def _positives(
    router: Router, accepts: Accepts, work: Path, name: str, count: int, drawn: Callable[[], None]
) -> NDArray[np.float64]:
    """All outputs (n, 3) for positives that a class's network accepts, from its simulators in equal parts."""
    sources = [source for source, of in CLASS_OF.items() if of == name]
    found: list[NDArray[np.float64]] = []
    number = 0
    while sum(len(one) for one in found) < count:
        for source in sources:
            shard = open_shard(draw_shard(work, source, Part.TEST, number, 1.0))
            found.append(accepted_scores(router, accepts, source, shard))
            drawn()
        number += 1
    return np.concatenate(found)


def _looked(router: Router, shards: list[Drawn], image: str) -> NDArray[np.float64]:
    return np.concatenate([router.look(list(one.images.astype(np.float32)), image) for one in shards])


def _figures(
    name: str,
    threshold: float,
    positives: Mapping[str, NDArray[np.float64]],
    ordinary: Mapping[str, NDArray[np.float64]],
    impostors: Mapping[str, NDArray[np.float64]],
    rng: np.random.Generator,
) -> ClassFigures:
    """Count what passes of 1:1:1 positives and 7 others, of which half are impostors and half ordinary alerts."""
    image, output = IMAGE_OF[name], CLASSES.index(name)
    true = positives[name][:, output] >= threshold
    mixed = len(true)
    # The other classes are seen in this image where it is theirs too; else theirs is an ordinary one.
    others = [
        positives[other][:, output] if IMAGE_OF[other] == image else rng.choice(ordinary[image][:, output], mixed)
        for other in CLASSES
        if other != name
    ]
    rest = round(mixed * (1.0 - sum(MIX.values())) / MIX[name])
    others = [rng.choice(one, mixed) for one in others]
    others += [rng.choice(one[image][:, output], rest // 2) for one in (ordinary, impostors)]
    false = np.concatenate(others) >= threshold
    passed = int(true.sum() + false.sum())
    return ClassFigures(
        wilson(int((~true).sum()), len(true)),
        wilson(int(true.sum()), passed),
        wilson(passed, len(true) + len(false)),
        wilson(int((ordinary[image][:, output] >= threshold).sum()), len(ordinary[image])),
    )
