"""Sets the router's thresholds: the least score of all the positives that the class networks accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.router_calibration import Threshold, networks
from models.router_network import CLASSES, IMAGE_OF, classes_of
from models.simulate.mix.draw import CLASS_OF
from models.simulate.mix.frozen import Part
from models.train.router_set import draw_shard, open_shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from models.router import Router
    from models.train.router import Margins

#: Accepted positives that a threshold is set on: with so many, another 3,000 hold no miss with 95 % probability.
CALIBRATION = 60_000

#: Sources of a class's positives, in equal parts.
SOURCES = {name: tuple(source for source, of in CLASS_OF.items() if of == name) for name in CLASSES}


def calibrate(
    name: str, router: Router, margins: Margins, work: Path, count: int, drawn: Callable[[str, int], None]
) -> Threshold:
    """Find the least score of the positives that a class's network accepts.

    Parameters
    ----------
    name : str
        Of the class.
    router : Router
    margins : Margins
    work : path
        Folder for shards.
    count : int
        Accepted positives.
    drawn : callable
        Told the class and how many of it there are.
    """
    least, number, total = np.inf, 0, 0
    while total < count:
        for source in SOURCES[name]:
            shard = draw_shard(work, source, Part.CALIBRATION, number, 1.0)
            scores = accepted_scores(router, margins, source, shard)[:, classes_of(IMAGE_OF[name]).index(name)]
            least, total = min(least, float(scores.min(initial=np.inf))), total + len(scores)
        number += 1
        drawn(name, total)
    return Threshold(least, total, networks()[name])


def accepted_scores(router: Router, margins: Margins, source: str, shard: Path) -> NDArray[np.float64]:
    """Score those positives of a shard that its class's network accepts: by all classes of that image (n, m)."""
    drawn = open_shard(shard)
    accepted = (margins(source, shard) > 0.0) & drawn.positive
    fwhm = None if drawn.fwhm is None else drawn.fwhm[accepted]
    return router.look(list(drawn.images[accepted].astype(np.float32)), IMAGE_OF[CLASS_OF[source]], fwhm)
