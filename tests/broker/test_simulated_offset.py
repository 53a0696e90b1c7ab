from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from structlog.testing import capture_logs

from broker.embedding import Embedder
from broker.simulated_offset import simulated_offset
from broker.stack_offset import KNIFE_EDGE
from broker.surveys.rubin import Rubin
from broker.surveys.stamps import Stamps
from broker.surveys.ztf import Ztf
from consumers.worker.service import tell_stack_offset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SURVEYS = (Ztf(), Rubin(), Stamps("vst"))


class Pixels:
    """Sees the pixels as they are, so that a stack lies in the midst of its epochs."""

    name, input_size = "pixels", 32
    manifest: Mapping[str, str] = {"name": "pixels"}

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.ascontiguousarray(images[..., 0].reshape(len(images), -1))


class Noise(Pixels):
    """Sees how smooth an image is, so that a deep one lies far from noisy ones."""

    name = "noise"

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = np.abs(np.diff(images[..., 0], axis=1)).mean(axis=(1, 2))
        return np.stack([rows, np.ones_like(rows)], axis=1)


@pytest.mark.parametrize("survey", SURVEYS, ids=lambda survey: survey.name)
def test_it_tells_a_knife_edge_from_none(survey: Ztf | Rubin | Stamps) -> None:
    assert simulated_offset(Embedder(Pixels()), survey).b < KNIFE_EDGE < simulated_offset(Embedder(Noise()), survey).b


def test_the_same_epochs_are_drawn_each_time() -> None:
    assert simulated_offset(Embedder(Pixels()), Rubin()) == simulated_offset(Embedder(Pixels()), Rubin())


@pytest.mark.parametrize(("backbone", "level"), [(Pixels(), "warning"), (Noise(), "info")])
def test_a_worker_warns_of_a_knife_edge(backbone: Pixels, level: str) -> None:
    with capture_logs() as said:
        tell_stack_offset(Embedder(backbone), [Rubin()])
    (line,) = said
    assert (line["log_level"], line["survey"]) == (level, "lsst")
    assert ("choose another" in line["event"]) is (level == "warning")
