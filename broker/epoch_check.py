"""Judges a batch's epochs by their objects' histories: rows are written first, then read, then judged.

Written first, so that the epochs of one object in one batch see each other, and so that a batch that is annotated a
second time, after a worker died, reads what it read the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.annotation import EpochCheck, EpochState
from broker.history.embedding_bytes import half
from broker.history.history import Epoch, Question, Row, Series
from broker.rules.rule import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from broker.embedding import Embedded
    from broker.examiner import Examined
    from broker.history.history import History
    from broker.packet import Packet
    from broker.rules.rule import Rule


class EpochChecker:
    """Judges epochs.

    Parameters
    ----------
    rule : Rule
    history : History or None
        Where earlier epochs are; None: there are none.
    """

    def __init__(self, rule: Rule, history: History | None) -> None:
        self._rule = rule
        self._history = history

    def check(
        self, packets: Sequence[Packet], examined: Sequence[Examined], digests: Sequence[str]
    ) -> list[EpochCheck]:
        """Judge a batch.

        Parameters
        ----------
        packets : sequence of Packet
        examined : sequence of Examined
            What their pixels tell.
        digests : sequence of str
            Of the feature space of each.

        Returns
        -------
        list of EpochCheck
            One a packet, in order.

        Raises
        ------
        HistoryError
            The history cannot be reached or is damaged.
        """
        rows = {
            index: row
            for index, (packet, found, digest) in enumerate(zip(packets, examined, digests, strict=True))
            if self._history is not None and (row := history_row(packet, found.embedded, digest)) is not None
        }
        earlier = self._earlier(rows)
        return [
            self._check(packet, found, earlier.get(i))
            for i, (packet, found) in enumerate(zip(packets, examined, strict=True))
        ]

    def _earlier(self, rows: Mapping[int, Row]) -> dict[int, NDArray[np.float32]]:
        """Write the rows, and read what came before each where anything did."""
        if self._history is None or not rows:
            return {}
        self._history.append(list(rows.values()))
        found = self._history.earlier(
            [Question(row.series, row.epoch.epoch_id, row.epoch.mjd) for row in rows.values()]
        )
        return {
            index: np.stack([one.embedding for one in epochs]).astype(np.float32)
            for index, epochs in zip(rows, found, strict=True)
            if epochs
        }

    def _check(self, packet: Packet, found: Examined, earlier: NDArray[np.float32] | None) -> EpochCheck:
        result = found.embedded
        if result.science_embedding is None:
            return EpochCheck(EpochState.UNREADABLE, self._rule.name, reason=str(result.science_reason))
        science, reference = _rounded(result.science_embedding), _rounded(result.reference_embedding)
        assert science is not None  # since there is an embedding
        history = np.empty((0, len(science)), dtype=np.float32) if earlier is None else earlier
        verdict = self._rule.judge(
            Evidence(science, reference, history, found.fault, found.backbone, found.frame_width)
        )
        reason = verdict.reason
        if verdict.state is EpochState.NO_REFERENCE:
            reason = f"reference: {result.reference_reason}"
        elif verdict.state is EpochState.WARMING_UP and self._history is not None:
            reason = _why_none(packet) or reason
        return EpochCheck(
            verdict.state,
            self._rule.name,
            verdict.n_epochs,
            problematic=verdict.problematic,
            score=verdict.score,
            reference_distance=result.reference_distance,
            neighbour_distance=verdict.neighbour_distance,
            threshold=verdict.threshold,
            changed_snr=found.changed_snr,
            reason=reason,
        )


def history_row(packet: Packet, result: Embedded, digest: str) -> Row | None:
    """Return what is remembered of an epoch, or None for what has no history or no usable image."""
    if result.science_embedding is None or packet.mjd is None or _why_none(packet):
        return None
    series = Series(packet.survey.name, packet.object_id, packet.band or "", digest)
    return Row(series, Epoch(packet.epoch_id, packet.mjd, half(result.science_embedding)))


def _why_none(packet: Packet) -> str | None:
    """Say why an epoch has no history."""
    if not packet.stored:
        return "no lasting object, so no earlier epochs"
    return "no time, so no earlier epochs" if packet.mjd is None else None


def _rounded(embedding: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """Round as the history does, so that a copy of an earlier image is at distance zero from it."""
    return None if embedding is None else half(embedding).astype(np.float32)
