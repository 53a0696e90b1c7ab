"""Opens the configured networks for rare classes, and the router before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from broker.classifiers.choosing import Classifiers

if TYPE_CHECKING:
    from broker.classifiers.contract import Classifier
    from broker.classifiers.router import RouterClassifier
    from consumers.settings import ClassifierSettings

log = structlog.get_logger()


def open_classifiers(settings: ClassifierSettings) -> Classifiers:
    """Load the configured networks for rare classes; one that is not published yet is left out.

    Raises
    ------
    BackboneError
        A network's weights are missing or damaged.
    """
    networks = [network for name in settings.networks if (network := _OPEN[name]()) is not None]
    return Classifiers(networks, _router() if settings.router and networks else None)


def _streak() -> Classifier | None:
    from broker.classifiers.streak import StreakClassifier
    from models import streak_detector

    return StreakClassifier(streak_detector.load())


def _lens() -> Classifier | None:
    from broker.classifiers.lens import FORMS, LensClassifier
    from models import lens_finder

    finders = {form: lens_finder.load(form) for form in FORMS if lens_finder.WEIGHTS[form]}
    return LensClassifier(finders) if finders else None


def _merger() -> Classifier | None:
    from broker.classifiers.merger import MergerClassifier
    from models import merger_finder

    return MergerClassifier(merger_finder.load()) if merger_finder.WEIGHTS.sha256 else None


def _router() -> RouterClassifier | None:
    """Open the router for those classes whose networks are the ones that it was calibrated for."""
    from broker.classifiers.router import RouterClassifier
    from models import router, router_calibration

    if not router.WEIGHTS.sha256:
        return None
    calibration = router_calibration.read(router.WEIGHTS.sha256)
    for name in calibration.outdated():
        log.warning(
            "router left out: calibrated for another network of this class, which looks at everything",
            classifier=name,
            mend=router_calibration.MEND,
        )
    thresholds = calibration.valid()
    return RouterClassifier(router.load(), thresholds) if thresholds else None


_OPEN = {"streak": _streak, "lens": _lens, "merger": _merger}
