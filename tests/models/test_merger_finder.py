from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from models import merger_finder
from models.merger_finder import THRESHOLD, WEIGHTS, MergerFinder, load
from models.merger_network import prepare
from models.simulate.mergers.frozen import calibration_stamps
from models.simulate.mergers.impostors import CHANCE_PAIR
from schemas.errors import BackboneError


@pytest.fixture(scope="module")
def finder() -> MergerFinder:
    return load()


def test_the_weights_are_those_that_were_published_and_small() -> None:
    file = Path(merger_finder.__file__).with_name(WEIGHTS.file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == WEIGHTS.sha256
    assert file.stat().st_size < 3_000_000


def test_missing_and_damaged_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "damaged.h5").write_bytes(b"\x89HDF nothing")
    with pytest.raises(BackboneError, match="damaged"):
        load(tmp_path / "damaged.h5")
    with pytest.raises(BackboneError, match="missing"):
        load(tmp_path / "none.h5")


def test_simulated_mergers_are_told_from_others(finder: MergerFinder) -> None:
    stamps, images = calibration_stamps(256)
    scores = np.array(finder.look(list(images)))
    assert ((scores > THRESHOLD) == stamps.merger).mean() > 0.75
    assert np.median(scores[stamps.merger]) > np.median(scores[stamps.kind == CHANCE_PAIR]) + 0.2


def test_what_may_be_a_merger_has_one_score_however_it_lies_and_what_is_none_is_looked_at_once(
    finder: MergerFinder,
) -> None:
    _, images = calibration_stamps(64)
    ways = [list(images), list(images[:, ::-1]), list(images.swapaxes(1, 2))]
    first, *others = (finder.odds(prepare(stamps)) for stamps in ways)
    found, *again = (finder.log_odds(stamps) for stamps in ways)
    torn, plain = found > 2.0, found < -3.0
    assert min(torn.sum(), plain.sum()) > 5
    at_one_look, at_several = (np.abs(np.array(one)[:, torn]).mean() for one in (others - first, again - found))
    assert at_several < 0.2 * at_one_look
    np.testing.assert_array_equal(found[plain], first[plain])


def test_stamps_of_every_size_have_a_score_and_the_batch_does_not_matter(finder: MergerFinder) -> None:
    rng = np.random.default_rng(2)
    rows, columns = np.mgrid[:120, :120] - 59.5
    galaxy = (80 * np.exp(-np.hypot(rows, columns) / 6) + rng.standard_normal((120, 120))).astype(np.float32)
    stamps = [galaxy, galaxy[30:90, 30:90], galaxy[10:110, :], np.full((64, 64), np.nan, np.float32)]
    scores = finder.look(stamps, 0.2)
    assert all(0.0 <= one <= 1.0 for one in scores)
    assert scores[1] == pytest.approx(finder.look([stamps[1]], 0.2)[0], abs=1e-5)
    assert finder.look([]) == []
