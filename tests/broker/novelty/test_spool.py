"""Rows on their way into an index."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from broker.novelty.spool import EMBEDDINGS, Rows, Spool
from tests.broker.novelty.rows import FEATURES, sightings


def test_rows_come_back_in_any_order_and_number(tmp_path: Path) -> None:
    rows = sightings(3000)
    spool = Spool(tmp_path, len(rows))
    for one in rows:
        spool.add(one)
    assert (tmp_path / EMBEDDINGS).stat().st_size > 0  # not all of them wait in memory
    spooled = spool.done()
    which = np.random.default_rng(0).permutation(len(rows))
    found = Rows(spooled, which)
    np.testing.assert_array_equal(found.embeddings(), [rows[one].embedding for one in which])
    assert found.identities() == [rows[one].identity for one in which]
    assert np.concatenate([one.embeddings() for one in found.chunks()]).shape == (len(rows), FEATURES)
    assert (found.thumbnails(), found.disturbances()) == (None, None)


def test_any_number_of_bands_takes_no_open_files(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    spools = [Spool(tmp_path / str(number), 100) for number in range(200)]
    for one in sightings(50):
        for spool in spools:
            spool.add(one)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
