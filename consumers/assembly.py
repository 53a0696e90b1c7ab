"""Builds the parts that the settings describe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from broker.annotator import Annotator
from broker.embedding import Embedder
from broker.surveys.rubin import Rubin
from broker.surveys.stamps import Stamps
from broker.surveys.ztf import Ztf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.surveys.survey import Survey
    from consumers.settings import BackboneSettings


def utc_now() -> datetime:
    """Return the time, aware and in UTC."""
    return datetime.now(UTC)


def open_surveys(names: Iterable[str]) -> list[Survey]:
    """Return the surveys of some names; a name that is no survey's with alerts of its own is one of own stamps."""
    known: dict[str, Survey] = {survey.name: survey for survey in (Ztf(), Rubin())}
    return [known.get(name) or Stamps(name) for name in names]


def open_annotator(settings: BackboneSettings, *, untrained: bool = False) -> Annotator:
    """Load the backbone and put what uses it around it.

    Parameters
    ----------
    settings : BackboneSettings
        Which network, and where its weights are.
    untrained : bool
        Take seeded random weights instead, where a demonstration has no others.

    Raises
    ------
    BackboneError
        The weights are missing, damaged or of another network.
    """
    from models.backbone import load_backbone  # TensorFlow takes seconds to import

    backbone = load_backbone(
        settings.name, settings.weights, untrained=untrained, batch=settings.batch, threads=settings.threads
    )
    return Annotator(Embedder(backbone), utc_now)
