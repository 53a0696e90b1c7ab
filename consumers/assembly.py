"""Builds the parts that the settings describe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from broker.annotator import Annotator
from broker.embedding import Embedder
from broker.geometry import SkyFrame
from broker.rules.cavuoti2024_causal import Cavuoti2024Causal
from broker.rules.reference_distance import ReferenceDistance
from broker.surveys.rubin import Rubin
from broker.surveys.stamps import Stamps
from broker.surveys.ztf import Ztf
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.history.history import History
    from broker.rules.rule import Rule
    from broker.surveys.survey import Survey
    from consumers.settings import BackboneSettings, EpochSettings, SurveyInput


def utc_now() -> datetime:
    """Return the time, aware and in UTC."""
    return datetime.now(UTC)


def open_surveys(names: Iterable[str], inputs: Iterable[SurveyInput] = ()) -> list[Survey]:
    """Return the surveys of some names; a name that is no survey's with alerts of its own is one of own stamps.

    Parameters
    ----------
    names : iterable of str
    inputs : iterable of SurveyInput, optional
        What is configured of them: the sky frame of own stamps.
    """
    known: dict[str, Survey] = {survey.name: survey for survey in (Ztf(), Rubin())}
    frames = {one.survey: SkyFrame(one.frame_pixels, one.frame_scale) for one in inputs}
    own = {name: Stamps(name, frame) for name, frame in frames.items()}
    return [known.get(name) or own.get(name) or Stamps(name) for name in names]


def choose_rule(settings: EpochSettings, history: History | None) -> Rule:
    """Return the configured rule, or the best one that there is.

    Raises
    ------
    ConfigurationError
        It needs earlier epochs, and there is no history.
    """
    if history is None and settings.rule == Cavuoti2024Causal.name:
        raise ConfigurationError(f"epoch.rule: {settings.rule} needs earlier epochs; set history.url")
    if history is None or settings.rule == ReferenceDistance.name:
        return ReferenceDistance()
    return Cavuoti2024Causal()


def open_annotator(
    settings: BackboneSettings,
    rule: Rule | None = None,
    history: History | None = None,
    *,
    untrained: bool = False,
) -> Annotator:
    """Load the backbone and put what uses it around it.

    Parameters
    ----------
    settings : BackboneSettings
        Which network, and where its weights are.
    rule : Rule, optional
        Tells problematic epochs; by default none is told.
    history : History, optional
        Where earlier epochs are.
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
    return Annotator(Embedder(backbone), utc_now, rule, history)
