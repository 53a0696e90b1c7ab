"""The merger network on the frozen stamps, beside rotational asymmetry."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from models.baselines.rotational_asymmetry import rotational_asymmetry
from models.intervals import Figure, wilson
from models.merger_domain import is_point_source
from models.roc import auroc, auroc_difference
from models.simulate.mergers.frozen import FROZEN_STAMPS, frozen_stamps
from models.simulate.mergers.stamps import MERGER
from models.train.merger import best_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.merger_finder import MergerFinder

#: Of the mergers that are to be found where false positives are counted.
RECALL = 0.7
TORN_BINS = (0.15, 0.3, 0.45, 0.6, 1.0)
#: Separations of the nuclei [half-light radii of the host]; the network's window reaches six or so.
SEPARATION_BINS = (0.0, 1.0, 2.0, 4.0, 6.0, 100.0)
#: Half-light radii in FWHM of the PSF.
RESOLUTION_BINS = (1.5, 2.0, 3.0, 6.0)
#: Resamples of the ranking are quadratic in the stamps.
_RANKED = 3000


@dataclass(frozen=True, slots=True)
class StampFigures:
    """All that is measured on stamps.

    Attributes
    ----------
    accuracy, precision, recall, false_positives : Figure
        At the threshold that ships; half of the stamps are mergers.
    area, asymmetry_area, gain : Figure
        AUROC of the network, of rotational asymmetry, and their difference, on the same first stamps.
    asymmetry_accuracy : Figure
        At the threshold that suits rotational asymmetry best on these very stamps.
    at_recall : dict of str to Figure
        Share of each impostor that passes where `RECALL` of the mergers do.
    by_kind : dict of str to Figure
        The same at the threshold that ships.
    narrow : dict of str to Figure
        Share of the stars and of the mergers that are as narrow as the PSF, and have no score where its width is known.
    by_torn, by_separation, by_resolution : list of (low, high, Figure)
        Recall at the threshold that ships.
    """

    accuracy: Figure
    precision: Figure
    recall: Figure
    false_positives: Figure
    area: Figure
    asymmetry_area: Figure
    gain: Figure
    asymmetry_accuracy: Figure
    at_recall: dict[str, Figure]
    by_kind: dict[str, Figure]
    narrow: dict[str, Figure]
    by_torn: list[tuple[float, float, Figure]]
    by_separation: list[tuple[float, float, Figure]]
    by_resolution: list[tuple[float, float, Figure]]


def on_stamps(finder: MergerFinder, threshold: float, count: int = FROZEN_STAMPS) -> StampFigures:
    """Measure on the first `count` frozen stamps."""
    stamps, images = frozen_stamps(count)
    merger = stamps.merger
    scores = np.array(finder.look(list(images)))
    found = scores > threshold
    strict = scores > np.quantile(scores[merger], 1.0 - RECALL)
    few = slice(0, min(count, _RANKED))
    asymmetry = rotational_asymmetry(list(images[few]))
    ranked = merger[few], np.arange(len(merger[few]))
    narrow = np.array([is_point_source(image, fwhm) for image, fwhm in zip(images, stamps.fwhm, strict=True)])
    kinds = [str(kind) for kind in np.unique(stamps.kind[~merger])]
    resolution = stamps.half_light / stamps.fwhm
    return StampFigures(
        accuracy=_share(found == merger),
        precision=_share(merger[found]),
        recall=_share(found[merger]),
        false_positives=_share(found[~merger]),
        area=auroc(scores[few], *ranked),
        asymmetry_area=auroc(asymmetry, *ranked),
        gain=auroc_difference(scores[few], asymmetry, *ranked),
        asymmetry_accuracy=_share((asymmetry > best_threshold(asymmetry, merger[few])) == merger[few]),
        at_recall={"all": _share(strict[~merger])} | {kind: _share(strict[stamps.kind == kind]) for kind in kinds},
        by_kind={kind: _share(found[stamps.kind == kind]) for kind in kinds},
        narrow={kind: _share(narrow[stamps.kind == kind]) for kind in ("star", MERGER)},
        by_torn=_binned(found, merger, stamps.torn, TORN_BINS),
        by_separation=_binned(found, merger, stamps.separation, SEPARATION_BINS),
        by_resolution=_binned(found, merger, resolution, RESOLUTION_BINS),
    )


def _binned(
    found: NDArray[np.bool_], merger: NDArray[np.bool_], value: NDArray[np.float32], edges: tuple[float, ...]
) -> list[tuple[float, float, Figure]]:
    return [(low, high, _share(found[merger & (value >= low) & (value < high)])) for low, high in pairwise(edges)]


def _share(hits: NDArray[np.bool_]) -> Figure:
    return wilson(int(hits.sum()), len(hits))
