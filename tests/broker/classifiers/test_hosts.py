"""Lenses and mergers: which image of which packets their networks look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from broker.annotator import stamp_pair
from broker.classifiers.contract import Abstention, Sight, View
from broker.classifiers.lens import NO_NETWORK, LensClassifier
from broker.classifiers.merger import MergerClassifier
from broker.classifiers.views import NO_HOST, PacketViews
from models import lens_network, merger_finder
from models.lens_finder import THRESHOLDS, LensFinder
from models.lens_network import FORMS
from models.merger_domain import NO_GALAXY
from models.simulate.streaks.sources import galaxy
from tests.broker.classifiers.sights import Image, a_packet, a_sight


def views(**images: Any) -> PacketViews:
    return PacketViews(a_sight(**images))


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
    assert lens.view(PacketViews(Sight(packet, pair.science, pair.reference))) == Abstention(
        "reference", "pixel scale too coarse"
    )


def test_the_reference_is_seen_and_science_only_where_there_is_none(
    lens: LensClassifier, merger: MergerClassifier
) -> None:
    for classifier in (lens, merger):
        both = classifier.view(views(science=host(), reference=host(x=50.0)))
        alone = classifier.view(views(science=host()))
        assert isinstance(both, View)
        assert isinstance(alone, View)
        assert (both.input_image, alone.input_image) == ("reference", "science")
        assert abs(np.unravel_index(np.nanargmax(both.pixels), both.pixels.shape)[1] - 44.5) < 2.5
        for verdict in classifier.look([both, alone]):
            assert 0.0 <= verdict.score <= 1.0


def test_what_cannot_show_the_class_has_a_reason(lens: LensClassifier, merger: MergerClassifier) -> None:
    small = views(reference=host(30))
    assert isinstance(lens.view(small), View)
    wide = merger.view(views(reference=host(40)))
    assert isinstance(wide, Abstention)
    assert "stamp smaller than" in wide.reason
    empty = views(reference=np.random.default_rng(1).standard_normal((90, 90), dtype=np.float32))
    assert lens.view(empty) == merger.view(empty) == Abstention("reference", NO_HOST)
    star = np.zeros((90, 90), np.float32)
    star[43:48, 43:48] = 5000 * np.outer(*2 * [np.exp(-0.5 * (np.arange(-2, 3) / 1.27) ** 2)])
    noise = np.random.default_rng(1).standard_normal((90, 90), dtype=np.float32)
    assert merger.view(views(reference=star + noise)) == Abstention("reference", NO_GALAXY)
    space = views(reference=host(), scale=0.1, seeing=0.18)
    assert lens.view(space) == Abstention("reference", NO_NETWORK)


def test_views_of_several_pixel_scales_are_judged_together_and_ranked_where_they_are_candidates(
    lens: LensClassifier,
) -> None:
    packets = [views(reference=host(60 + 10 * n), scale=0.2 + 0.02 * (n % 2)) for n in range(4)]
    seen = [view for view in map(lens.view, packets) if isinstance(view, View)]
    assert len(seen) == 4
    together = lens.look(seen)
    for view, verdict in zip(seen, together, strict=True):
        (alone,) = lens.look([view])
        assert verdict.score == pytest.approx(alone.score, abs=1e-5)
        assert (verdict.lens is not None) == (verdict.score > THRESHOLDS["ground"])


def test_networks_that_look_at_one_host_share_it(lens: LensClassifier, merger: MergerClassifier) -> None:
    packet = views(reference=host())
    seen = lens.view(packet)
    assert isinstance(seen, View)
    assert merger.view(packet) is seen
