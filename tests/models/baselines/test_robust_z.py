from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.baselines import robust_z
from models.baselines.matching import subtract
from models.baselines.robust_z import MIN_EARLIER, STATISTICS, Spread, statistics
from tests.models.baselines.sky import SIDE, STARS, exposure, stack, trail

REFERENCE = stack()


def measured(science: np.ndarray) -> np.ndarray:
    return statistics(science, REFERENCE, subtract(science, REFERENCE), 3.0)


@pytest.fixture(scope="module")
def earlier() -> np.ndarray:
    widths = np.random.default_rng(0).uniform(2.8, 3.4, 15)
    return np.array([measured(exposure(seed, fwhm)) for seed, fwhm in enumerate(widths)])


def gradient(science: np.ndarray) -> np.ndarray:
    return science + np.linspace(-25, 25, SIDE, dtype=np.float32)


def cloud(_: np.ndarray) -> np.ndarray:
    return exposure(99, stars=tuple((x, y, 0.25 * flux) for x, y, flux in STARS))


def lost_columns(science: np.ndarray) -> np.ndarray:
    return np.where(np.arange(SIDE) < 6, np.float32(np.nan), science)


def saturated(science: np.ndarray) -> np.ndarray:
    return np.minimum(science, np.float32(20.0))


@pytest.mark.parametrize("fault", [gradient, cloud, lost_columns, saturated, lambda science: science + trail()])
@pytest.mark.parametrize("known", [0, 15])
def test_a_fault_of_the_whole_image_is_told(
    fault: Callable[[np.ndarray], np.ndarray], known: int, earlier: np.ndarray
) -> None:
    epoch = measured(fault(exposure(99)))
    assert robust_z.score(epoch, earlier[:known], Spread.of(earlier)) > 1.0


def test_good_epochs_pass_with_and_without_a_history(earlier: np.ndarray) -> None:
    for seed in range(40, 50):
        epoch = measured(exposure(seed, 3.1))
        for known in (0, MIN_EARLIER + 5):
            assert robust_z.score(epoch, earlier[:known], Spread.of(earlier)) < 1.0


def test_the_object_s_own_past_replaces_the_population_s(earlier: np.ndarray) -> None:
    population = Spread(earlier.mean(axis=0) + 100.0, np.ones(len(STATISTICS)))
    epoch = measured(exposure(41, 3.1))
    assert robust_z.score(epoch, earlier[: MIN_EARLIER - 1], population) > 1.0
    assert robust_z.score(epoch, earlier[:10], population) < 1.0


def test_an_empty_sky_has_no_shape_and_still_a_score(earlier: np.ndarray) -> None:
    empty = exposure(5, stars=()) - np.float32(1.0)
    found = statistics(empty, exposure(6, stars=(), noise=0.6), subtract(empty, exposure(6, stars=(), noise=0.6)), 3.0)
    assert np.isfinite(robust_z.score(found, earlier, Spread.of(earlier)))


def test_a_number_that_no_epoch_has_does_not_count() -> None:
    unknown = np.zeros((6, len(STATISTICS)))
    unknown[:, 2] = np.nan
    assert robust_z.score(np.zeros(len(STATISTICS)), unknown, Spread.of(unknown)) == 0.0
