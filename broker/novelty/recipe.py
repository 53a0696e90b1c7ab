"""How a version of the index is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.novelty.space import AXES

if TYPE_CHECKING:
    from broker.novelty.look_alikes import Number
    from broker.novelty.score import ScoreName
    from broker.novelty.space import SpaceName


@dataclass(frozen=True, slots=True)
class Recipe:
    """The choices; the defaults are the project's own.

    Attributes
    ----------
    space : {"half-whitened", "embedding"}
    axes : int
        Of the half-whitened space.
    number : {"f16", "f32"}
        In which the index holds its features.
    score : {"odd", "relative", "first-neighbour"}
        Where all images are pictures, "odd" becomes "disturbed"; where the oddity network does not know the
        embeddings, "relative".
    calibration_share : float
        Share of the objects that calibrate the scores instead of being in the index.
    near_duplicate : float
        An epoch that lies nearer to another one of its object than this share of the usual distance between two
        objects says nothing new, and is left out.
    memory : int
        What building a population may take [bytes]; objects beyond it are left out, by a hash of their ids.
    threads : int
    seed : int
        Of the split of the objects.
    """

    space: SpaceName = "half-whitened"
    axes: int = AXES
    number: Number = "f16"
    score: ScoreName = "odd"
    calibration_share: float = 0.2
    near_duplicate: float = 0.3
    memory: int = 2_000_000_000
    threads: int = 1
    seed: int = 0


#: As published: Euclidean distances between embeddings in single precision, the first neighbour's as the score.
ULISSE = Recipe(space="embedding", number="f32", score="first-neighbour")
