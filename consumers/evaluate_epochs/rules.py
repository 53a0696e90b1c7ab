"""All rules on one object: each epoch by the same earlier ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from broker.history.embedding_bytes import half
from broker.rules import cavuoti2024
from broker.rules.cavuoti2024_causal import Cavuoti2024Causal
from broker.rules.rule import Evidence
from broker.rules.sosia import Sosia
from models.baselines import robust_z
from models.baselines.compare_warp import CompareWarp
from models.baselines.matching import subtract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from broker.examiner import Examined
    from models.simulate.worlds.observed import Observed

SOSIA, ALONE = Sosia.name, "sosia, no history"
ROBUST_Z, COMPARE_WARP, COMPARE_WARP_TODAY = "robust-z", "CompareWarp 5", "CompareWarp 7.5"
DISTANCE = "reference distance"
#: In the tables' order.
RULES = (
    SOSIA,
    ALONE,
    cavuoti2024.NAME,
    Cavuoti2024Causal.name,
    ROBUST_Z,
    COMPARE_WARP,
    COMPARE_WARP_TODAY,
    DISTANCE,
)
#: It ranks and has no threshold, so it flags nothing.
WITHOUT_THRESHOLD = frozenset({DISTANCE})

#: Epochs that a history keeps.
KEPT = 64

Scores = dict[str, float | None]


def by_features(examined: Sequence[Examined]) -> list[Scores]:
    """Judge an object's epochs by the rules of feature space.

    Parameters
    ----------
    examined : sequence of Examined
        In time order.

    Returns
    -------
    list of dict
        One an epoch; without any score where it cannot be read.
    """
    scores: list[Scores] = []
    past: list[NDArray[np.float32]] = []
    for one in examined:
        evidence = evidence_of(one, past)
        if evidence is None:
            scores.append({})
            continue
        alone = replace(evidence, history=evidence.history[:0])
        scores.append(
            {
                SOSIA: Sosia().judge(evidence).score,
                ALONE: Sosia().judge(alone).score,
                Cavuoti2024Causal.name: Cavuoti2024Causal().judge(evidence).score,
                DISTANCE: one.embedded.reference_distance,
            }
        )
        past.append(evidence.science)
    references = [one.embedded.reference_embedding for one in examined]
    stacks = [half(reference).astype(np.float32) for reference in references if reference is not None]
    if past and stacks:
        verdicts = iter(cavuoti2024.judge_all(np.stack(past), cavuoti2024.stack_of(np.stack(stacks))))
        for found in scores:
            if found:
                found[cavuoti2024.NAME] = next(verdicts).score
    return scores


def evidence_of(one: Examined, past: Sequence[NDArray[np.float32]]) -> Evidence | None:
    """Return what a rule is given of an epoch, rounded as the history rounds; None where it cannot be read.

    Parameters
    ----------
    one : Examined
    past : sequence of arrays (d,)
        Embeddings of the object's earlier epochs in the same band, in time order.
    """
    science, reference = one.embedded.science_embedding, one.embedded.reference_embedding
    if science is None:
        return None
    history = np.stack(past[-KEPT:]) if past else np.empty((0, len(science)), dtype=np.float32)
    rounded = None if reference is None else half(reference).astype(np.float32)
    return Evidence(half(science).astype(np.float32), rounded, history, one.fault, one.backbone, one.frame_width)


def by_pixels(observed: Observed, readable: Sequence[bool], populations: Mapping[str, robust_z.Spread]) -> list[Scores]:
    """Judge an object's epochs by the classical rules.

    Parameters
    ----------
    observed : Observed
    readable : sequence of bool
        Which exposures can be read: these rules see what the others see.
    populations : mapping
        What `population` measured, by the stamps' format.
    """
    scores: list[Scores] = []
    past: list[NDArray[np.float64]] = []
    compare_warp = CompareWarp()
    for exposure, can_be_read in zip(observed.exposures, readable, strict=True):
        if not can_be_read:
            scores.append({})
            continue
        difference = subtract(exposure.science, observed.reference)
        statistics = robust_z.statistics(exposure.science, observed.reference, difference, exposure.fwhm)
        earlier = np.stack(past[-KEPT:]) if past else np.empty((0, len(statistics)))
        z = robust_z.score(statistics, earlier, populations[observed.format])
        strict, today = compare_warp.judge(exposure.science, exposure.fwhm, difference)
        scores.append({ROBUST_Z: z, COMPARE_WARP: strict, COMPARE_WARP_TODAY: today})
        past.append(statistics)
    return scores


def statistics_of_good(observed: Observed) -> NDArray[np.float64]:
    """Return the image statistics (n, 6) of an object's good epochs, of which a population is made."""
    return np.array(
        [
            robust_z.statistics(one.science, observed.reference, subtract(one.science, observed.reference), one.fwhm)
            for one in observed.exposures
            if one.fault is None and one.extreme is None
        ]
    ).reshape(-1, len(robust_z.STATISTICS))
