from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.simulate.worlds.alert_selected import alert_selected
from models.simulate.worlds.faults import KINDS
from models.simulate.worlds.monitoring import monitoring
from models.simulate.worlds.observed import Exposure, Observed


def exposures(objects: list[Observed]) -> list[Exposure]:
    return [one for observed in objects for one in observed.exposures]


def pixels(objects: list[Observed]) -> list[bytes]:
    return [image.tobytes() for one in objects for image in (one.reference, *(e.science for e in one.exposures))]


@pytest.mark.parametrize("world", ["monitored", "alerted"])
def test_five_to_ten_per_cent_are_bad_and_every_kind_occurs(world: str, request: pytest.FixtureRequest) -> None:
    epochs = exposures(request.getfixturevalue(world))
    assert 0.05 < np.mean([one.fault is not None for one in epochs]) < 0.1
    assert {one.fault for one in epochs} == {None, *KINDS}
    assert len(KINDS) == 13
    assert all((one.fault_snr > 3) == (one.fault is not None) for one in epochs)


@pytest.mark.parametrize("world", ["monitored", "alerted"])
def test_epochs_are_in_time_order_on_the_reference_s_grid(world: str, request: pytest.FixtureRequest) -> None:
    for observed in request.getfixturevalue(world):
        assert all(a.mjd < b.mjd for a, b in pairwise(observed.exposures))
        assert {one.science.shape for one in observed.exposures} == {observed.reference.shape}
        assert {one.science.dtype for one in observed.exposures} == {np.dtype(np.float32)}
        middle = (len(observed.reference) - 1) / 2
        assert abs(observed.x - middle) <= 0.5
        assert abs(observed.y - middle) <= 0.5


def test_monitored_objects_have_ten_to_sixty_epochs_of_which_few_are_extreme(monitored: list[Observed]) -> None:
    assert all(10 <= len(one.exposures) <= 60 for one in monitored)
    good = [one for one in exposures(monitored) if one.fault is None]
    assert 0.015 < np.mean([one.extreme == "seeing extreme" for one in good]) < 0.05
    assert 0.003 < np.mean([one.extreme == "masked" for one in good]) < 0.02
    missing = np.array([np.isnan(one.science).mean() for one in good])
    assert np.array_equal(missing > 0.3, [one.extreme == "masked" for one in good])
    assert 0.015 < np.mean((missing > 0.04) & (missing < 0.26)) < 0.05
    assert not any(np.isnan(one.science).any() for one in exposures(monitored) if one.fault)


def test_a_third_of_the_monitored_objects_vary_in_all_ways(monitored: list[Observed]) -> None:
    changes = [{e.change for e in one.exposures} - {None} for one in monitored]
    assert 0.2 < np.mean([bool(one) for one in changes]) < 0.5
    assert set().union(*changes) == {"agn", "supernova hosted", "supernova hostless", "variable star"}
    assert all(len(one) <= 1 for one in changes)


def test_a_monitored_supernova_stays_for_weeks_once_it_has_come() -> None:
    for observed in monitoring(60, seed=2, epochs=(40, 40)):
        seen = [e for e in observed.exposures if e.change and e.change.startswith("supernova")]
        if seen:
            peak = max(seen, key=lambda e: e.change_snr)
            assert peak.change_snr > 2.5
            assert all(e.change is None for e in observed.exposures if e.mjd < peak.mjd - 20)
            assert all(e.change is not None for e in observed.exposures if e.mjd > peak.mjd)


def test_the_fault_s_snr_compares_the_bad_image_with_the_good_one() -> None:
    compared = 0
    for one, other in zip(monitoring(12, seed=5), monitoring(12, seed=5, bad=0.0), strict=True):
        # Up to its first fault, an object has drawn the same numbers in both runs.
        first = next((i for i, e in enumerate(one.exposures) if e.fault), None)
        if first is None or np.isnan(other.exposures[first].science).any():
            continue
        epoch, good = one.exposures[first], other.exposures[first]
        row, column = np.indices(good.science.shape)
        seen = (abs(row - one.y) <= 61) & (abs(column - one.x) <= 61)  # by the sky frame
        snr = np.linalg.norm((epoch.science.astype(float) - good.science)[seen] / epoch.sigma)
        assert epoch.fault_snr == pytest.approx(snr, rel=1e-3)
        assert good.fault is None
        compared += 1
    assert compared > 5


def test_alerts_are_sparse_and_half_of_them_of_each_survey(alerted: list[Observed]) -> None:
    assert all(1 <= len(one.exposures) <= 8 for one in alerted)
    ztf = [one for one in alerted if one.format == "ztf"]
    lsst = [one for one in alerted if one.format == "lsst"]
    assert len(ztf) == len(lsst) == 300
    assert {one.reference.shape for one in ztf} == {(63, 63)}
    assert {len(one.reference) for one in lsst} <= set(range(30, 46))
    hostless = [{"supernova hostless", "mover"} & {e.change for e in one.exposures} for one in lsst]
    assert 0.4 < np.mean([bool(one) for one in hostless]) < 0.6
    assert 90 < np.median([np.median(e.science) for e in exposures(ztf)]) < 500
    assert abs(np.median([np.median(e.science) / e.sigma for e in exposures(lsst)])) < 0.3


def test_good_alerts_are_of_real_changes_and_some_bad_ones_are_of_none(alerted: list[Observed]) -> None:
    epochs = exposures(alerted)
    assert min(one.change_snr for one in epochs if one.fault is None) > 2
    assert np.median([one.change_snr for one in epochs if one.fault is None]) > 6
    assert 0.3 < np.mean([one.change is None for one in epochs if one.fault]) < 0.8
    assert {one.change for one in epochs} == {
        None,
        "agn",
        "mover",
        "supernova hosted",
        "supernova hostless",
        "variable star",
    }


def test_what_is_sent_without_a_host_is_detected_in_the_image_itself(alerted: list[Observed]) -> None:
    snrs = []
    for one in alerted:
        for e in one.exposures:
            if e.fault is None and one.format == "lsst" and e.change in {"supernova hostless", "mover"}:
                y, x = np.mgrid[: len(e.science), : len(e.science)]
                profile = np.exp(-4 * np.log(2) * ((x - one.x) ** 2 + (y - one.y) ** 2) / e.fwhm**2)
                snrs.append((profile * e.science).sum() / np.linalg.norm(profile) / e.sigma)
    # A Gaussian is not quite the profile, and the reference's noise and neighbours play a part.
    assert np.mean(np.array(snrs) > 4.5) > 0.97
    assert len(snrs) > 100


def test_the_same_seed_gives_the_same_bytes_and_a_longer_run_begins_with_them() -> None:
    assert pixels(list(monitoring(2, seed=7))) == pixels(list(monitoring(4, seed=7))[:2])
    assert pixels(list(alert_selected(6, seed=7))) == pixels(list(alert_selected(9, seed=7))[:6])
    assert set(pixels(list(alert_selected(6, seed=7)))).isdisjoint(pixels(list(alert_selected(6, seed=8))))
