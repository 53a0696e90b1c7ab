"""One-shot retrieval: how many of the look-alikes of one image, by angle, are of its class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.angle import directions
from broker.novelty.recall import exact_nearest
from consumers.evaluate_novelty.novelties import KINDS
from models.intervals import Figure, bootstrapped, weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from broker.novelty.versions import Version
    from consumers.evaluate_novelty.nights import Night

#: Share of the class among the candidates, and look-alikes looked at, as in ULISSE.
PREVALENCE, FIRST = 0.12, 16


def on_night(night: Night, version: Version) -> list[tuple[str, Mapping[str, tuple[Figure, Figure]]]]:
    """Hide a class among ordinary alerts, and ask for look-alikes: of its own members, and of the others.

    Returns
    -------
    list of (band, mapping)
        By class: its share among the look-alikes of its own images, and of ordinary ones.
    """
    found: list[tuple[str, Mapping[str, tuple[Figure, Figure]]]] = []
    for (band, _), index in sorted(version.populations.items()):
        here = night.bands == band
        ordinary = np.flatnonzero(here & night.ordinary & ~night.problematic)
        features = directions(index.space.features(night.embeddings))
        figures = {}
        for kind in KINDS:
            members = np.flatnonzero(here & (night.kinds == f"novel: {kind}"))
            figures[kind] = _retrieved(features, night.objects, members, ordinary)
        found.append((band, figures))
    return found


def _retrieved(
    features: NDArray[np.float32], objects: NDArray[np.str_], members: NDArray[np.intp], others: NDArray[np.intp]
) -> tuple[Figure, Figure]:
    """Draw candidates of the wanted prevalence; an object is never its own look-alike."""
    rng = np.random.default_rng(0)
    # One alert an object, and none of an object in both classes.
    others = _one_an_object(objects, rng.permutation(others[~np.isin(objects[others], objects[members])]))
    members = _one_an_object(objects, rng.permutation(members))
    count = min(len(others), round(len(members) * (1 - PREVALENCE) / PREVALENCE))
    members = members[: round(count * PREVALENCE / (1 - PREVALENCE))]
    candidates = np.concatenate([members, others[:count]])
    nearest = exact_nearest(features[candidates], [features[candidates]], FIRST + 1)
    shares = np.array([np.mean(those[those != one][:FIRST] < len(members)) for one, those in enumerate(nearest)])
    return _mean(shares[: len(members)]), _mean(shares[len(members) :])


def _one_an_object(objects: NDArray[np.str_], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    _, chosen = np.unique(objects[rows], return_index=True)
    return rows[np.sort(chosen)]


def _mean(values: NDArray[np.float64]) -> Figure:
    if not len(values):
        return Figure(float("nan"), float("nan"), float("nan"), 0)
    return bootstrapped(float(values.mean()), weights(len(values)) @ values / len(values), len(values))
