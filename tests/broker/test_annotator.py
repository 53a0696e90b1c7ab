"""What a batch leaves behind once its annotations are made."""

from __future__ import annotations

from dataclasses import replace

from broker.annotator import stamp_pair
from schemas.errors import StampError, StampReason
from tests.broker.classifiers.sights import a_packet


def test_a_stamp_that_cannot_be_used_keeps_nothing_of_its_batch_alive() -> None:
    pair = stamp_pair(replace(a_packet(), science=b"no image", reference=None))
    for stamp, reason in ((pair.science, StampReason.CORRUPT), (pair.reference, StampReason.MISSING)):
        assert isinstance(stamp, StampError)
        assert stamp.reason is reason
        assert stamp.__traceback__ is None  # which would hold the callers' frames, and with them the batch
