"""How many ordinary images a classifier finds as interesting: its scores of the images that calibrate the novelty."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.arrays import read_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.annotation import Classification
    from broker.novelty.sighting import Sighting

FILE = "classifiers.npz"
#: Of fewer images a share says little.
FEWEST = 100
_NOTHING: NDArray[np.float32] = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FalsePositives:
    """Classifiers' scores of ordinary images, frozen with the index.

    Attributes
    ----------
    scores : mapping
        By (classifier, version): float32 array, ascending.
    """

    scores: Mapping[tuple[str, str], NDArray[np.float32]]

    @classmethod
    def of(cls, sightings: Iterable[Sighting]) -> FalsePositives:
        """Gather the scores of the images that calibrate."""
        found: dict[tuple[str, str], list[float]] = defaultdict(list)
        for sighting in sightings:
            for classifier, version, score in sighting.scores:
                found[classifier, version].append(score)
        return cls({name: np.sort(np.array(those, np.float32)) for name, those in found.items()})

    @classmethod
    def open(cls, folder: Path) -> FalsePositives:
        """Read a population's."""
        found = read_arrays(folder / FILE)
        each = np.split(found["scores"], np.cumsum(found["lengths"]))
        names = [(str(classifier), str(version)) for classifier, version in found["names"]]
        return cls(dict(zip(names, each, strict=False)))  # what is behind the last one is empty

    def save(self, folder: Path) -> None:
        """Store them beside a population's index."""
        names = np.array(list(self.scores), np.str_).reshape(-1, 2)
        lengths = np.array([len(those) for those in self.scores.values()], np.int64)
        np.savez(folder / FILE, names=names, lengths=lengths, scores=np.concatenate([_NOTHING, *self.scores.values()]))

    def rated(self, one: Classification) -> Classification:
        """Return a verdict with its `fpr`, where the calibration knows enough scores of this classifier."""
        known = self.scores.get((one.classifier, one.version))
        if one.score is None or known is None or len(known) < FEWEST:
            return one
        # Rounded as the calibration's are, or an image would count as higher than itself.
        higher = len(known) - np.searchsorted(known, np.float32(one.score), side="right")
        return replace(one, fpr=float(higher / len(known)))
