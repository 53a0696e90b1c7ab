"""What is measured on judged epochs: faults found, good epochs and real changes lost, and how well each rule ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consumers.evaluate_epochs.judged import LEAST_SNR
from consumers.evaluate_epochs.measured import Measured
from consumers.evaluate_epochs.rules import RULES, SOSIA, WITHOUT_THRESHOLD
from models.intervals import share, wilson
from models.roc import auroc, auroc_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from consumers.evaluate_epochs.judged import JudgedEpoch
    from models.intervals import Figure

#: Lower and upper ends.
SNR_BINS = {"5 to 10": (5.0, 10.0), "10 to 20": (10.0, 20.0), "20 to 50": (20.0, 50.0), "over 50": (50.0, np.inf)}
EARLIER_BINS = {"0": (0, 0), "1 to 3": (1, 3), "4 to 9": (4, 9), "10 or more": (10, 10**9)}

#: What the sky may do, under the name that the tables have for it.
CHANGES = {
    "supernovae": ("supernova hosted", "supernova hostless"),
    "supernovae, hosted": ("supernova hosted",),
    "supernovae, hostless": ("supernova hostless",),
    "AGN": ("agn",),
    "variable stars": ("variable star",),
    "movers": ("mover",),
}
SUMMARY, BY_KIND, BY_SNR = "summary", "recall by kind, S/N over 10", "recall by S/N"
LOST, BY_HISTORY, UNREADABLE = "changes lost by S/N", "sosia by earlier epochs", "told as unreadable"

THRESHOLDED = tuple(rule for rule in RULES if rule not in WITHOUT_THRESHOLD)


def figures(sample: str, epochs: Sequence[JudgedEpoch]) -> Iterator[Measured]:
    """Measure all of one sample.

    Parameters
    ----------
    sample : str
        Its name.
    epochs : sequence of JudgedEpoch
    """
    yield from _summary(sample, epochs)
    kinds = sorted({one.exposure.fault for one in epochs if one.exposure.fault is not None})
    for kind in kinds:
        of_kind = [one for one in epochs if one.bad and one.exposure.fault == kind]
        yield from _told(sample, BY_KIND, kind, of_kind)
    for name, (low, high) in SNR_BINS.items():
        faint = [one for one in epochs if one.exposure.fault is not None and low < one.exposure.fault_snr <= high]
        yield from _told(sample, BY_SNR, name, faint)
    for change, kinds_of_it in CHANGES.items():
        changed = [one for one in epochs if one.good and one.exposure.change in kinds_of_it]
        for name, (low, high) in SNR_BINS.items():
            yield from _told(
                sample, LOST, f"{change}, {name}", [one for one in changed if low < one.exposure.change_snr <= high]
            )
    yield from _by_history(sample, epochs)
    yield from _unreadable(sample, epochs)


def _summary(sample: str, epochs: Sequence[JudgedEpoch]) -> Iterator[Measured]:
    good = [one for one in epochs if one.good]
    yield from _told(sample, SUMMARY, "faults found", [one for one in epochs if one.bad])
    yield from _told(sample, SUMMARY, "good epochs lost", good)
    yield from _told(sample, SUMMARY, "of these, nothing changed", [one for one in good if _quiet(one)])
    for change, kinds in CHANGES.items():
        changed = [
            one for one in good if one.exposure.change in kinds and one.exposure.change_snr > SNR_BINS["5 to 10"][0]
        ]
        yield from _told(sample, SUMMARY, f"{change} lost", changed)
    extremes = [one for one in good if one.exposure.extreme is not None]
    yield from _told(sample, SUMMARY, "seeing extremes lost", extremes)
    ranked = [one for one in epochs if one.readable and (one.bad or one.good)]
    for rule in RULES:
        unsure = wilson(sum(one.scores.get(rule) is None for one in ranked), len(ranked))
        yield Measured(sample, SUMMARY, "no score yet", rule, unsure)
        sure = [one for one in ranked if one.scores.get(rule) is not None]
        bad, objects = _truth(sure)
        scores = _scores(sure, rule)
        yield Measured(sample, SUMMARY, "AUROC where it has one", rule, auroc(scores, bad, objects), share=False)
        if rule != SOSIA:
            gain = auroc_difference(_scores(sure, SOSIA), scores, bad, objects)
            yield Measured(sample, SUMMARY, "sosia's AUROC minus it", rule, gain, share=False)
        bad, objects = _truth(ranked)
        whole = auroc(_scores(ranked, rule), bad, objects)
        yield Measured(sample, SUMMARY, "AUROC, no score: never flagged", rule, whole, share=False)


def _by_history(sample: str, epochs: Sequence[JudgedEpoch]) -> Iterator[Measured]:
    for name, (low, high) in EARLIER_BINS.items():
        those = [one for one in epochs if low <= one.earlier <= high]
        row = f"{name} earlier"
        yield Measured(sample, BY_HISTORY, row, "faults found", _share_told([one for one in those if one.bad], SOSIA))
        yield Measured(
            sample, BY_HISTORY, row, "good epochs lost", _share_told([one for one in those if one.good], SOSIA)
        )
        ranked = [one for one in those if one.readable and (one.bad or one.good)]
        bad, objects = _truth(ranked)
        area = auroc(_scores(ranked, SOSIA), bad, objects)
        yield Measured(sample, BY_HISTORY, row, "AUROC", area, share=False)


def _unreadable(sample: str, epochs: Sequence[JudgedEpoch]) -> Iterator[Measured]:
    groups = {
        f"faults over S/N {LEAST_SNR:g}": [one for one in epochs if one.bad],
        "good epochs": [one for one in epochs if one.good],
        "a third and more declared missing": [one for one in epochs if one.exposure.extreme == "masked"],
    }
    for name, those in groups.items():
        unread = wilson(sum(not one.readable for one in those), len(those))
        yield Measured(sample, UNREADABLE, name, "unreadable", unread)


def _told(sample: str, table: str, row: str, epochs: Sequence[JudgedEpoch]) -> Iterator[Measured]:
    for rule in THRESHOLDED:
        yield Measured(sample, table, row, rule, _share_told(epochs, rule))


def _share_told(epochs: Sequence[JudgedEpoch], rule: str) -> Figure:
    return share([one.told(rule) for one in epochs], _objects(epochs))


def _quiet(one: JudgedEpoch) -> bool:
    return one.exposure.change is None and one.exposure.extreme is None


def _truth(epochs: Sequence[JudgedEpoch]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    return np.array([one.bad for one in epochs], dtype=bool), _objects(epochs)


def _objects(epochs: Sequence[JudgedEpoch]) -> NDArray[np.int64]:
    return np.array([one.number for one in epochs], dtype=np.int64)


def _scores(epochs: Sequence[JudgedEpoch], rule: str) -> NDArray[np.float64]:
    found = (one.scores.get(rule) for one in epochs)
    return np.array([-np.inf if score is None else score for score in found])
