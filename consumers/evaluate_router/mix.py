"""The router on positives, and on a mix of rare and ordinary alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.intervals import RESAMPLES, SEED, Figure, wilson
from models.router_network import CLASSES, IMAGE_OF, classes_of
from models.simulate.mix.draw import CLASS_OF
from models.simulate.mix.frozen import MIX, Part
from models.train.router_calibration import SOURCES, accepted_scores
from models.train.router_set import draw_shard, open_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from models.router import Router
    from models.simulate.mix.draw import Drawn
    from models.train.router import Margins

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
    ordinary, impostors : Figure
        Share of ordinary alerts, and of the classes' impostors in that image, that passes.
    """

    missed: Figure
    purity: Figure
    passed: Figure
    ordinary: Figure
    impostors: Figure


def measure(
    router: Router, thresholds: Mapping[str, float], margins: Margins, work: Path, count: int, drawn: Callable[[], None]
) -> dict[str, ClassFigures]:
    """Measure every class on the frozen test.

    Parameters
    ----------
    router : Router
    thresholds : mapping of class to float
    margins : Margins
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

    positives = {name: _positives(router, margins, work, name, count, drawn) for name in CLASSES}
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
    return {name: _figures(name, thresholds[name], positives, ordinary, impostors) for name in CLASSES}


def _positives(
    router: Router, margins: Margins, work: Path, name: str, count: int, drawn: Callable[[], None]
) -> NDArray[np.float64]:
    """All scores (n, m) of positives that a class's network accepts, from its simulators in equal parts."""
    found: list[NDArray[np.float64]] = []
    number = 0
    while sum(len(one) for one in found) < count:
        for source in SOURCES[name]:
            shard = draw_shard(work, source, Part.TEST, number, 1.0)
            found.append(accepted_scores(router, margins, source, shard))
            drawn()
        number += 1
    return np.concatenate(found)


def _looked(router: Router, shards: list[Drawn], image: str) -> NDArray[np.float64]:
    return np.concatenate([router.look(list(one.images.astype(np.float32)), image, one.fwhm) for one in shards])


def _figures(
    name: str,
    threshold: float,
    positives: Mapping[str, NDArray[np.float64]],
    ordinary: Mapping[str, NDArray[np.float64]],
    impostors: Mapping[str, NDArray[np.float64]],
) -> ClassFigures:
    """Weigh what passes of 1:1:1 positives and 7 others, of which half are impostors and half ordinary alerts."""
    image = IMAGE_OF[name]
    output = classes_of(image).index(name)
    rest = (1.0 - sum(MIX.values())) / 2
    # The other classes are seen in this image where it is theirs too; else theirs is an ordinary one.
    groups = [(MIX[name], positives[name]), (rest, ordinary[image]), (rest, impostors[image])]
    groups += [
        (share, positives[other] if IMAGE_OF[other] == image else ordinary[image])
        for other, share in MIX.items()
        if other != name
    ]
    counts = np.array([len(one) for _, one in groups])
    passed = np.array([int((one[:, output] >= threshold).sum()) for _, one in groups])
    # Each group was counted by itself: the bootstrap of a share is binomial.
    again = np.random.default_rng(SEED).binomial(counts, passed / counts, (RESAMPLES, len(groups)))
    weights = np.array([share for share, _ in groups])
    here, resampled = weights * passed / counts, weights * again / counts
    return ClassFigures(
        wilson(int(counts[0] - passed[0]), int(counts[0])),
        _within(here[0] / here.sum(), resampled[:, 0] / resampled.sum(axis=1), int(counts.sum())),
        _within(here.sum(), resampled.sum(axis=1), int(counts.sum())),
        wilson(int(passed[1]), int(counts[1])),
        wilson(int(passed[2]), int(counts[2])),
    )


def _within(value: float, resampled: NDArray[np.float64], n: int) -> Figure:
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Figure(float(value), float(low), float(high), n)
