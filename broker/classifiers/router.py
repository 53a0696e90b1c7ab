"""The router: what its class networks see, each image once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.classifiers.contract import View
from models.router import VERSION
from models.router_network import IMAGE_OF, classes_of

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
            seen = {i: view for name in names for i, view in enumerate(views[name]) if isinstance(view, View)}
            fwhm = [view.fwhm for view in seen.values()] if image == "difference" else None
            scores = self._router.look([view.pixels for view in seen.values()], image, fwhm)
            place = dict(zip(seen, range(len(seen)), strict=True))
            for name in names:
                judged = [i for i, view in enumerate(views[name]) if isinstance(view, View)]
                chances[name] = {i: float(scores[place[i], classes_of(image).index(name)]) for i in judged}
        return chances
