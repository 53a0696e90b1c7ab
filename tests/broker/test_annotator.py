"""What a batch leaves behind once its annotations are made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from broker.annotator import stamp_pair
from broker.stamp_pair import Stamp
from schemas.errors import StampError, StampReason
from tests.broker.classifiers.sights import a_packet, fits


@pytest.mark.parametrize(
    ("science", "reason"),
    [
        (None, StampReason.MISSING),
        (b"no image", StampReason.CORRUPT),
        (b"\x1f\x8b no gzip", StampReason.CORRUPT),
        (fits(np.zeros((9, 9), np.float32)).replace(b"-32", b"'x'"), StampReason.CORRUPT),
    ],
)
def test_a_stamp_that_cannot_be_used_keeps_nothing_of_its_batch_alive(
    science: bytes | None, reason: StampReason
) -> None:
    error = stamp_pair(replace(a_packet(), science=science)).science
    assert isinstance(error, StampError)
    assert error.reason is reason
    # Tracebacks hold the callers' frames, and with them the batch.
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


@pytest.mark.parametrize("mask", [(40, 40), (3, 40, 40)])
def test_a_mask_is_of_every_band_or_of_each(mask: tuple[int, ...]) -> None:
    bad = np.zeros(mask, np.uint8)
    bad[..., 3, 5] = 1
    pair = stamp_pair(replace(a_packet(), science=fits(np.ones((3, 40, 40), np.float32)), mask=fits(bad)))
    assert isinstance(pair.science, Stamp)
    assert np.isnan(pair.science.cutout.image).sum() == 3
    assert np.isnan(pair.science.cutout.image[:, 3, 5]).all()


@pytest.mark.parametrize(
    ("science", "mask"), [((3, 40, 40), (2, 40, 40)), ((40, 40), (3, 40, 40)), ((40, 40), (40, 41))]
)
def test_a_mask_of_another_shape_makes_the_stamp_corrupt(science: tuple[int, ...], mask: tuple[int, ...]) -> None:
    packet = replace(a_packet(), science=fits(np.ones(science, np.float32)), mask=fits(np.zeros(mask, np.uint8)))
    error = stamp_pair(packet).science
    assert isinstance(error, StampError)
    assert error.reason is StampReason.CORRUPT
