"""Real packets, as the stream would judge them, and what the surveys say of their quality."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.annotator import stamp_pair
from broker.files import find_files, read_files
from broker.frame import bring_to_frame
from broker.rules.sosia import Sosia
from broker.stamp_pair import Stamp
from broker.surveys.fields import number, record
from consumers.assembly import open_surveys
from consumers.evaluate_epochs.rules import evidence_of
from consumers.evaluate_epochs.worlds import examine
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.examiner import Examined, Examiner
    from broker.packet import Packet
    from broker.stamp_pair import StampPair

ZTF, RUBIN = "ztf", "lsst"

#: A reference is empty at an alert's place where no pixel within this radius is so bright ["; sigma].
CENTRE, EMPTY = 1.0, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class RealEpoch:
    """One real packet.

    Attributes
    ----------
    packet : Packet
    pair : StampPair
    examined : Examined
    past : list of arrays (d,)
        Embeddings of the earlier epochs of its object and band.
    score : float or None
        The rule `sosia`'s; None where it cannot be judged.
    quality : float or None
        ZTF's ``drb``, Rubin's ``reliability``: how sure the survey is that its detection is real. No rule sees it.
    hostless : bool
        Whether its reference is empty at the alert's place.
    """

    packet: Packet
    pair: StampPair
    examined: Examined
    past: list[NDArray[np.float32]]
    score: float | None
    quality: float | None
    hostless: bool

    @property
    def series(self) -> tuple[str, str, str | None]:
        """Object and band, whose epochs belong together."""
        return self.packet.survey.name, self.packet.object_id, self.packet.band

    @property
    def flagged(self) -> bool:
        """Whether `sosia` calls it problematic."""
        return self.score is not None and self.score > 1.0


def read_epochs(data: Path, examiner: Examiner) -> list[RealEpoch]:
    """Read a folder's ZTF and Rubin packets and judge them in time order; an epoch that was sent twice counts once.

    Raises
    ------
    SosiaError
        There are none.
    """
    found = [one.packet for one in read_files(find_files([data]), open_surveys([ZTF, RUBIN])) if one.packet is not None]
    if not found:
        raise SosiaError(f"{data}: no packet of ZTF or Rubin in it; name another folder with --data")
    packets = list({(one.survey.name, one.epoch_id): one for one in found}.values())
    packets.sort(key=lambda one: one.mjd or 0.0)
    pairs = [stamp_pair(one) for one in packets]
    histories: defaultdict[tuple[str, str, str | None], list[NDArray[np.float32]]] = defaultdict(list)
    epochs: list[RealEpoch] = []
    for packet, pair, examined in zip(packets, pairs, examine(examiner, pairs), strict=True):
        past = list(histories[packet.survey.name, packet.object_id, packet.band]) if packet.stored else []
        epoch = RealEpoch(packet, pair, examined, past, judge(examined, past), _quality(packet), _hostless(pair))
        epochs.append(epoch)
        evidence = evidence_of(examined, [])
        if evidence is not None and packet.stored:
            histories[epoch.series].append(evidence.science)
    return epochs


def judge(examined: Examined, past: list[NDArray[np.float32]]) -> float | None:
    """Return `sosia`'s score."""
    evidence = evidence_of(examined, past)
    return None if evidence is None else Sosia().judge(evidence).score


def _quality(packet: Packet) -> float | None:
    if packet.survey.name == ZTF:
        candidate = record(packet.framed, ("candidate",))["candidate"] or {}
        # Without a version it was not computed, and stands at 0.
        return number(candidate.get("drb")) if candidate.get("drbversion") else None
    return number((record(packet.framed, ("diaSource",))["diaSource"] or {}).get("reliability"))


def _hostless(pair: StampPair) -> bool:
    reference = pair.reference
    if not isinstance(reference, Stamp) or reference.bands != 1:
        return False
    image = reference.cutout.image
    framed = bring_to_frame([image.reshape(1, *image.shape[-2:])], [reference.geometry], pair.frame)
    if framed.errors[0] is not None:
        return False
    offset = (np.arange(pair.frame.side) - (pair.frame.side - 1) / 2) * pair.frame.scale
    near = np.hypot(offset[:, None], offset) <= CENTRE
    return bool(((framed.images - framed.level) / framed.noise)[0, 0][near].max() < EMPTY)
