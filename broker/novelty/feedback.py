r"""What people say of novelties, and how it moves the ranking: active learning as in Astronomaly.

Lochner & Bassett 2021 (arXiv 2010.11202): a regression on the features predicts how interesting an image is, u in
[0, 5]; with :math:`f_u = 0.1 + 0.85\,u / 5` and :math:`d_0` the distance to the nearest labelled image over the usual
one, a score becomes

.. math:: s' = s \, \tanh(e^{\alpha d_0} - 1 + \operatorname{artanh} f_u) .

Near a labelled image its label decides, far from all of them the score stays. The regression is kernel ridge with a
Gaussian kernel: what is far from all labels is predicted in the middle.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.arrays import read_arrays
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.novelty.population_index import PopulationIndex
    from broker.novelty.sighting import Sighting
    from broker.novelty.spool import Spooled

FILE = "feedback.jsonl"
RANKING = "feedback.npz"
#: Astronomaly's.
ALPHA = 1.0
#: Of the kernel ridge: how far a label is believed.
_RIDGE = 0.1
_WIDTH, _MIDDLE = 0.5, 2.5


class Opinion(StrEnum):
    """What people may say."""

    INTERESTING = "interesting"
    BORING = "boring"
    ARTEFACT = "artefact"


#: How interesting each is, from 0 to 5.
INTEREST = {Opinion.INTERESTING: 5.0, Opinion.BORING: 1.0, Opinion.ARTEFACT: 0.0}


@dataclass(frozen=True, slots=True)
class Feedback:
    """What was said; the last word on each id counts.

    Attributes
    ----------
    opinions : mapping
        By object id or epoch id.
    """

    opinions: Mapping[str, Opinion]

    @classmethod
    def read(cls, folder: Path) -> Feedback:
        """Read a survey's feedback.

        Raises
        ------
        NoveltyIndexError
            It cannot be read, or a line is damaged.
        """
        path, opinions = folder / FILE, {}
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return cls({})
        except (OSError, UnicodeDecodeError) as error:
            raise NoveltyIndexError(f"{path} cannot be read ({error}): mend it, or move it away") from error
        for number, line in enumerate(lines, 1):
            try:
                one = json.loads(line)
                opinions[str(one["id"])] = Opinion(one["label"])
            except (ValueError, KeyError, TypeError) as error:
                raise NoveltyIndexError(f"{path}, line {number} is damaged: remove or mend it") from error
        return cls(opinions)

    def of(self, sighting: Sighting) -> Opinion | None:
        """Return what was said of an epoch, or else of its object."""
        return self.opinions.get(sighting.epoch_id) or self.opinions.get(sighting.identity.object_id)

    def without_artefacts(self, sighting: Sighting) -> Sighting:
        """Mark what people called an artefact as problematic: it belongs into no index."""
        return replace(sighting, problematic=True) if self.of(sighting) is Opinion.ARTEFACT else sighting


def append(folder: Path, name: str, opinion: Opinion) -> None:
    """Write down what was said of an object or an epoch; on return it is on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"id": name, "label": str(opinion)}) + "\n")
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The regression.

    Attributes
    ----------
    features : float32 array (labelled, dimensions)
    interest : float32 array (labelled,)
        From 0 to 5.
    usual : float
        Distance of an ordinary image from its look-alikes; the kernel's width is half of it.
    """

    features: NDArray[np.float32]
    interest: NDArray[np.float32]
    usual: float

    @classmethod
    def open(cls, folder: Path) -> Ranking:
        """Read a population's; raises NoveltyIndexError where it is damaged."""
        try:
            found = read_arrays(folder / RANKING)
            return cls(found["features"], found["interest"], float(found["usual"]))
        except Exception as error:  # a boundary: on damaged files numpy raises nearly anything
            raise NoveltyIndexError(f"{folder / RANKING} cannot be read: build the version again") from error

    def joined(self, features: NDArray[np.float32], interest: NDArray[np.float32]) -> Ranking:
        """Return the regression with more labels."""
        return Ranking(np.concatenate((self.features, features)), np.concatenate((self.interest, interest)), self.usual)

    def moved(self, scores: NDArray[np.float64], features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return scores as the feedback moves them: above zero, or above the lowest where some lie below zero.

        Parameters
        ----------
        scores : array (n,)
            Of novelty; not finite where it cannot be known.
        features : array (n, dimensions)
        """
        if not len(self.features):
            return scores
        apart = _distances(features, self.features) / self.usual
        interest = np.clip(_MIDDLE + _kernel(apart) @ self._weights(), 0.0, 5.0)
        push = np.exp(np.minimum(ALPHA * apart.min(axis=1), 50.0)) - 1.0 + np.arctanh(0.1 + 0.85 * interest / 5.0)
        # Below zero a product would raise what is boring.
        lowest = min(0.0, float(np.min(scores, where=np.isfinite(scores), initial=0.0)))
        return np.asarray(lowest + (scores - lowest) * np.tanh(push))

    def _weights(self) -> NDArray[np.float64]:
        among = _kernel(_distances(self.features, self.features) / self.usual)
        return np.asarray(np.linalg.solve(among + _RIDGE * np.eye(len(among)), self.interest - _MIDDLE))


def save_ranking(index: PopulationIndex, spooled: Spooled, feedback: Feedback) -> None:
    """Store a population's part of the feedback beside its index: it holds for the images' features, not their ids."""
    said = [(place, opinion) for place, one in zip(spooled.places, spooled.sightings, strict=True)
            if (opinion := feedback.of(one)) is not None]  # fmt: skip
    embeddings = spooled.embeddings[np.array([place for place, _ in said], np.int64)]
    # Where the score is the first neighbour's distance, the calibration holds the usual ones.
    distances = next((one for one in (index.usual, index.later.scores) if len(one)), np.ones(1))
    np.savez(
        index.folder / RANKING,
        features=index.space.features(embeddings),
        interest=np.array([INTEREST[opinion] for _, opinion in said], np.float32),
        usual=max(float(np.median(distances)), 1e-6),
    )


def _distances(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    a, b = some.astype(np.float64), others.astype(np.float64)
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def _kernel(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * (apart / _WIDTH) ** 2))
