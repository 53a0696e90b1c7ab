"""The router: what its class networks see, each image once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.classifiers.contract import View
from models.router import VERSION
from models.router_network import CLASSES, IMAGE_OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from broker.classifiers.choosing import Views
    from models.router import Router


class RouterClassifier:
    """The router network on packets.

    Parameters
    ----------
    router : Router
    thresholds : mapping of class to float
        Of the classes for whose networks it was calibrated; the others' look at everything.
    """

    version = VERSION

    def __init__(self, router: Router, thresholds: Mapping[str, float]) -> None:
        self._router, self.thresholds = router, thresholds

    def look(self, views: Views) -> dict[str, dict[int, float]]:
        """Score the views of all its classes, in one pass over the differences and one over the hosts."""
        chances: dict[str, dict[int, float]] = {}
        known = [name for name in views if name in self.thresholds]
        for image in dict.fromkeys(IMAGE_OF[name] for name in known):
            names = [name for name in known if IMAGE_OF[name] == image]
            # Of one packet, all classes see the same host.
            seen = {i: view.pixels for name in names for i, view in enumerate(views[name]) if isinstance(view, View)}
            scores = self._router.look(list(seen.values()), image)
            place = dict(zip(seen, range(len(seen)), strict=True))
            for name in names:
                judged = [i for i, view in enumerate(views[name]) if isinstance(view, View)]
                chances[name] = {i: float(scores[place[i], CLASSES.index(name)]) for i in judged}
        return chances
