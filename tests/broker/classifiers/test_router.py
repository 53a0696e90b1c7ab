from __future__ import annotations

import numpy as np
import pytest

from broker.classifiers.contract import Abstention, View
from broker.classifiers.router import RouterClassifier
from broker.classifiers.views import difference_view, lasting_view
from models import router_network
from models.router import Router
from tests.broker.classifiers.sights import a_sight


def test_each_image_is_scored_once_and_every_class_reads_its_own_output() -> None:
    router = Router(router_network.build())
    noise = [np.random.default_rng(n).standard_normal((40 + 20 * n, 50), dtype=np.float32) for n in range(3)]
    sights = [a_sight(science=one, reference=one + noise[0].mean(), difference=one) for one in noise]
    hosts = [lasting_view(sight) for sight in sights]
    views = {
        "streak": [difference_view(sight) for sight in sights],
        "lens": [Abstention("reference", "too coarse"), *hosts[1:]],
        "merger": [*hosts[:2], Abstention("reference", "too small")],
    }
    chances = RouterClassifier(router, dict.fromkeys(router_network.CLASSES, 0.5)).look(views)
    assert {name: sorted(found) for name, found in chances.items()} == {
        "streak": [0, 1, 2], "lens": [1, 2], "merger": [0, 1],
    }  # fmt: skip
    for name, found in chances.items():
        image = router_network.IMAGE_OF[name]
        output = router_network.classes_of(image).index(name)
        for i, score in found.items():
            view = views[name][i]
            assert isinstance(view, View)
            assert score == pytest.approx(router.look([view.pixels], image, [view.fwhm])[0, output], abs=1e-5)


def test_a_class_without_a_threshold_is_not_judged() -> None:
    router = Router(router_network.build())
    sight = a_sight(difference=np.random.default_rng(1).standard_normal((63, 63), dtype=np.float32))
    views = {"streak": [difference_view(sight)], "lens": [lasting_view(sight)]}
    assert RouterClassifier(router, {"streak": 0.5}).look(views).keys() == {"streak"}
