"""What is measured on real packets, whose truth nobody knows: surveys' own marks, and faults that were painted on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from broker.history.embedding_bytes import half
from broker.rules import cavuoti2024
from broker.stack_offset import MIN_EPOCHS
from consumers.evaluate_epochs.judged import LEAST_SNR
from consumers.evaluate_epochs.measured import Measured
from consumers.evaluate_epochs.packets import RUBIN, ZTF
from models.intervals import share, wilson
from models.roc import auroc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from consumers.evaluate_epochs.injected import Injected
    from consumers.evaluate_epochs.packets import RealEpoch

#: Of ``drb`` and ``reliability``: above, the survey takes a detection for real; below, for bogus.
REAL, BOGUS = 0.9, 0.5

SAMPLE, PACKETS, ALL_KINDS = "real packets", "as they came", "all kinds"
INJECTED = {
    survey: f"faults of S/N over {LEAST_SNR:g} injected into {name} stamps"
    for survey, name in ((ZTF, "ZTF"), (RUBIN, "Rubin"))
}


def reliable(epoch: RealEpoch) -> bool:
    """Whether the survey is sure of its detection."""
    return epoch.quality is not None and epoch.quality > REAL


def real_figures(epochs: Sequence[RealEpoch], injected: Sequence[Injected]) -> Iterator[Measured]:
    """Measure all of real packets.

    Parameters
    ----------
    epochs : sequence of RealEpoch
    injected : sequence of Injected
        Faults on the reliable ones.
    """
    ztf, rubin = ([one for one in epochs if one.packet.survey.name == survey] for survey in (ZTF, RUBIN))
    rows = {
        f"ZTF, drb over {REAL:g}": [one for one in ztf if reliable(one)],
        f"ZTF, drb under {BOGUS:g}": [one for one in ztf if one.quality is not None and one.quality < BOGUS],
        f"Rubin, reliability over {REAL:g}": [one for one in rubin if reliable(one)],
        "of these, with an empty reference": [one for one in rubin if reliable(one) and one.hostless],
    }
    for row, those in rows.items():
        flagged = share([one.flagged for one in those], _objects(those))
        unread = wilson(sum(one.score is None for one in those), len(those))
        yield Measured(SAMPLE, PACKETS, row, "sosia flags", flagged)
        yield Measured(SAMPLE, PACKETS, row, "without a score", unread)
    labelled = [
        one for one in ztf if one.score is not None and one.quality is not None and not BOGUS <= one.quality <= REAL
    ]
    bogus = np.array([not reliable(one) for one in labelled], dtype=bool)
    row = f"ZTF, drb under {BOGUS:g} against over {REAL:g}"
    scores = {
        "sosia, AUROC": [one.score for one in labelled],
        "reference distance, AUROC": [one.examined.embedded.reference_distance for one in labelled],
    }
    for column, values in scores.items():
        ranked = np.array([np.nan if value is None else value for value in values])
        yield Measured(SAMPLE, PACKETS, row, column, auroc(ranked, bogus, _objects(labelled)), share=False)
    yield from _published(ztf)
    yield from _injected(injected)


def _published(epochs: Sequence[RealEpoch]) -> Iterator[Measured]:
    """Judge groups of enough epochs by the published rule, as published."""
    groups: defaultdict[tuple[str, str, str | None], list[RealEpoch]] = defaultdict(list)
    for one in epochs:
        if (
            one.examined.embedded.science_embedding is not None
            and one.examined.embedded.reference_embedding is not None
        ):
            groups[one.series].append(one)
    flags: list[bool] = []
    objects: list[int] = []
    for number, group in enumerate(one for one in groups.values() if len(one) >= MIN_EPOCHS):
        science, references = (
            np.stack([half(place).astype(np.float32) for place in places if place is not None])
            for places in (
                [one.examined.embedded.science_embedding for one in group],
                [one.examined.embedded.reference_embedding for one in group],
            )
        )
        verdicts = cavuoti2024.judge_all(science, cavuoti2024.stack_of(references))
        flags += [bool(verdict.problematic) for verdict in verdicts]
        objects += [number] * len(group)
    row = f"ZTF, {len(set(objects))} groups of {MIN_EPOCHS} epochs or more"
    yield Measured(SAMPLE, PACKETS, row, f"{cavuoti2024.NAME} flags", share(flags, objects))


def _injected(injected: Sequence[Injected]) -> Iterator[Measured]:
    for survey, table in INJECTED.items():
        strong = [one for one in injected if one.epoch.packet.survey.name == survey and one.snr > LEAST_SNR]
        for kind in [ALL_KINDS, *dict.fromkeys(one.kind for one in strong)]:
            those = [one for one in strong if kind in (ALL_KINDS, one.kind)]
            objects = _objects([one.epoch for one in those])
            found = share([one.told for one in those], objects)
            before = share([one.epoch.flagged for one in those], objects)
            yield Measured(SAMPLE, table, kind, "sosia finds", found)
            yield Measured(SAMPLE, table, kind, "flags without the fault", before)


def _objects(epochs: Sequence[RealEpoch]) -> NDArray[np.int64]:
    numbers: dict[tuple[str, str], int] = {}
    names = ((one.packet.survey.name, one.packet.object_id) for one in epochs)
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
