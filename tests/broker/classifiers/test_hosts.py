"""Lenses and mergers: which image of which packets their networks look at."""

from __future__ import annotations

import numpy as np
import pytest

from broker.annotator import stamp_pair
from broker.classifiers.contract import Abstention, Sight, View
from broker.classifiers.lens import NO_NETWORK, LensClassifier
from broker.classifiers.merger import MergerClassifier
from broker.classifiers.views import NO_HOST
from models import lens_network, merger_finder
from models.lens_finder import THRESHOLDS, LensFinder
from models.lens_network import FORMS
from models.merger_domain import NO_GALAXY
from models.simulate.streaks.sources import galaxy
from tests.broker.classifiers.sights import Image, a_packet, a_sight


def host(side: int = 90, x: float | None = None) -> Image:
    noise = np.random.default_rng(4).standard_normal((side, side), dtype=np.float32)
    middle = (side - 1) / 2
    return noise + 5000 * galaxy((side, side), middle if x is None else x, middle, 4.0, 4.0, 0.8, 0.3)


@pytest.fixture(scope="module")
def lens() -> LensClassifier:
    form = FORMS["ground"]
    return LensClassifier({"ground": LensFinder(form, [lens_network.build(form)])})


@pytest.fixture(scope="module")
def merger() -> MergerClassifier:
    return MergerClassifier(merger_finder.load())


def test_ztf_never_has_a_lens_score(lens: LensClassifier) -> None:
    packet = a_packet()
    pair = stamp_pair(packet)
    assert lens.view(Sight(packet, pair.science, pair.reference)) == Abstention("reference", "pixel scale too coarse")


def test_the_reference_is_seen_and_science_only_where_there_is_none(
    lens: LensClassifier, merger: MergerClassifier
) -> None:
    for classifier in (lens, merger):
        both = classifier.view(a_sight(science=host(), reference=host(x=50.0)))
        alone = classifier.view(a_sight(science=host()))
        assert isinstance(both, View)
        assert isinstance(alone, View)
        assert (both.input_image, alone.input_image) == ("reference", "science")
        assert abs(np.unravel_index(np.nanargmax(both.pixels), both.pixels.shape)[1] - 44.5) < 2.5
        for verdict in classifier.look([both, alone]):
            assert 0.0 <= verdict.score <= 1.0


def test_what_cannot_show_the_class_has_a_reason(lens: LensClassifier, merger: MergerClassifier) -> None:
    small = a_sight(reference=host(30))
    assert isinstance(lens.view(small), View)
    wide = merger.view(a_sight(reference=host(40)))
    assert isinstance(wide, Abstention)
    assert "stamp smaller than" in wide.reason
    empty = a_sight(reference=np.random.default_rng(1).standard_normal((90, 90), dtype=np.float32))
    assert lens.view(empty) == merger.view(empty) == Abstention("reference", NO_HOST)
    star = np.zeros((90, 90), np.float32)
    star[43:48, 43:48] = 5000 * np.outer(*2 * [np.exp(-0.5 * (np.arange(-2, 3) / 1.27) ** 2)])
    noise = np.random.default_rng(1).standard_normal((90, 90), dtype=np.float32)
    assert merger.view(a_sight(reference=star + noise)) == Abstention("reference", NO_GALAXY)
    space = a_sight(reference=host(), scale=0.1, seeing=0.18)
    assert lens.view(space) == Abstention("reference", NO_NETWORK)


def test_views_of_several_pixel_scales_are_judged_together_and_ranked_where_they_are_candidates(
    lens: LensClassifier,
) -> None:
    sights = [a_sight(reference=host(60 + 10 * n), scale=0.2 + 0.02 * (n % 2)) for n in range(4)]
    views = [view for view in map(lens.view, sights) if isinstance(view, View)]
    assert len(views) == 4
    together = lens.look(views)
    for view, verdict in zip(views, together, strict=True):
        (alone,) = lens.look([view])
        assert verdict.score == pytest.approx(alone.score, abs=1e-5)
        assert (verdict.lens is not None) == (verdict.score > THRESHOLDS["ground"])
