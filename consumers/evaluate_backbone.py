"""Measures a student against its teacher, on real packets, on simulated ones, and by the clock."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from broker.annotator import stamp_pair
from broker.files import find_files, read_files
from broker.network_input import network_input
from broker.sky_framed import prepare
from consumers import train_backbone
from consumers.assembly import open_surveys
from models.train.agreement import agreement
from models.train.stamps import draw_pair
from schemas.errors import SosiaError, StampError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.stamp_pair import StampPair
    from models.backbone import Backbone
    from models.train.agreement import Agreement

#: No training run draws with this seed unless told to.
HELD_OUT_SEED = 64
ROUNDS = 5
BATCHES = (16, 64, 256)
Features = tuple["NDArray[np.float32]", "NDArray[np.float32]"]


@dataclass(frozen=True, slots=True)
class Measured:
    """The agreement of two networks on one sample."""

    sample: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Speed:
    """Stamps a second, in turns on the same cores: the median of five rounds at the better batch size."""

    teacher: float
    student: float
    cores: int


def on_packets(teacher: Backbone, student: Backbone, data: Path) -> Iterator[Measured]:
    """Compare two networks on a folder of real packets, survey by survey and together.

    Parameters
    ----------
    teacher, student : Backbone
    data : path
        Folder with ``.avro`` files of ZTF's and Rubin's alerts.

    Raises
    ------
    SosiaError
        Fewer than twelve packets have both images.
    """
    found: dict[str, list[StampPair]] = {}
    for one in read_files(find_files([data]), open_surveys(["ztf", "lsst"])):
        if one.packet is not None:
            found.setdefault(one.packet.survey.name, []).append(stamp_pair(one.packet))
    features = {survey: _features(teacher, student, pairs) for survey, pairs in found.items()}
    for survey, (theirs, ours) in features.items():
        yield Measured(f"{survey}, real", agreement(theirs, ours))
    if len(features) > 1:
        theirs, ours = (_joined([both[which] for both in features.values()]) for which in (0, 1))
        yield Measured("together, real", agreement(theirs, ours))


def on_simulations(teacher: Backbone, student: Backbone, pairs: int) -> Measured:
    """Compare two networks on drawn pairs of all formats that no training has seen."""
    drawn = [draw_pair(np.random.default_rng([HELD_OUT_SEED, number])) for number in range(pairs)]
    features = _features(teacher, student, [train_backbone.stamp_pair(pair) for pair in drawn])
    return Measured("all formats, simulated", agreement(*features))


def speed(teacher: Sequence[Backbone], student: Sequence[Backbone]) -> Speed:
    """Time two networks on noise, in turns, so that whatever else the machine does slows both.

    Parameters
    ----------
    teacher, student : sequences of Backbone
        The same network with different batches; the fastest counts, for either.
    """
    random = np.random.default_rng(0)
    networks = [*teacher, *student]
    # Whole batches: 256 images of a teacher, 4096 of a student.
    counts = {network.input_size: 4096 if network.input_size < 128 else 256 for network in networks}
    noise = {
        side: random.uniform(0.0, 255.0, (count, side, side, 3)).astype(np.float32) for side, count in counts.items()
    }
    rates: list[list[float]] = [[] for _ in networks]
    for lap in range(ROUNDS + 1):
        for network, rate in zip(networks, rates, strict=True):
            images = noise[network.input_size]
            start = time.perf_counter()
            network.embed(images)
            if lap:  # the first traces the graph
                rate.append(len(images) / (time.perf_counter() - start))
    medians = [float(np.median(rate)) for rate in rates]
    best = max(medians[: len(teacher)]), max(medians[len(teacher) :])
    return Speed(*best, len(os.sched_getaffinity(0)))


def _features(teacher: Backbone, student: Backbone, pairs: list[StampPair]) -> tuple[Features, Features]:
    """Embed pairs with both networks; those with a missing or unreadable image are left out."""
    kept: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    remaining = iter(pairs)
    while batch := list(islice(remaining, 256)):
        kept += [
            (one.science, one.reference)
            for one in prepare(batch)
            if not isinstance(one.science, StampError) and not isinstance(one.reference, StampError)
        ]
    if len(kept) < 12:
        raise SosiaError(f"{len(kept)} packets with science and reference image are too few to compare networks on")

    def embed(network: Backbone) -> Features:
        science, reference = (
            np.concatenate(
                [
                    network.embed(
                        network_input([pair[which] for pair in kept[start : start + 256]], network.input_size)
                    )
                    for start in range(0, len(kept), 256)
                ]
            )
            for which in (0, 1)
        )
        return science, reference

    return embed(teacher), embed(student)


def _joined(parts: list[Features]) -> Features:
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
