from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.embedding import Embedder
from broker.examiner import Examiner, comparison_input
from broker.sky_framed import prepare
from tests.broker.stamps import rubin_pairs, ztf_pairs
from tests.broker.test_embedding import CountingBackbone

if TYPE_CHECKING:
    from pathlib import Path


class Brightest:
    """Stands for the network: the largest value of the difference, so that every epoch has its own."""

    input_size = 32

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def log_odds(self, planes: np.ndarray) -> np.ndarray:
        self.shapes.append(planes.shape)
        return np.asarray(planes[..., 2].max(axis=(1, 2)))


def test_epochs_of_any_format_are_examined_in_one_pass_and_in_order(shared_data: Path) -> None:
    pairs = [*ztf_pairs(shared_data, 20), *rubin_pairs(shared_data)[::10]]
    network = Brightest()
    found = Examiner(Embedder(CountingBackbone()), network).examine(pairs)
    prepared = prepare(pairs)
    whole = [one.planes for one in prepared if one.planes is not None]
    assert network.shapes == [(len(whole), 32, 32, 5)]
    expected = iter(comparison_input(whole, 32)[..., 2].max(axis=(1, 2)))
    for one, images in zip(found, prepared, strict=True):
        assert one.fault == (None if images.planes is None else next(expected))
        assert one.changed_snr == images.changed_snr


def test_without_a_network_nothing_is_said_of_faults(shared_data: Path) -> None:
    (found,) = Examiner(Embedder(CountingBackbone())).examine(ztf_pairs(shared_data)[:1])
    assert found.fault is None
    assert found.embedded.science_embedding is not None
    assert found.changed_snr is not None


def test_an_empty_batch_is_no_error() -> None:
    assert Examiner(Embedder(CountingBackbone()), Brightest()).examine([]) == []
