"""Builds the parts that the settings describe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from broker.annotator import Annotator
from broker.embedding import Embedder
from broker.examiner import Examiner
from broker.geometry import SkyFrame
from broker.rules.cavuoti2024_causal import Cavuoti2024Causal
from broker.rules.reference_distance import ReferenceDistance
from broker.rules.sosia import Sosia
from broker.sky_framed import SkyFramed
from broker.surveys.rubin import Rubin
from broker.surveys.stamps import Stamps
from broker.surveys.ztf import Ztf
from broker.ulisse import Ulisse
from consumers.accelerator import choose_device
from consumers.class_networks import open_classifiers
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.history.history import History
    from broker.preprocessing import Preprocessing
    from broker.rules.rule import Rule
    from broker.surveys.survey import Survey
    from consumers.input_settings import SurveyInput
    from consumers.settings import BackboneSettings, ClassifierSettings, EpochSettings


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
    """Return the configured rule.

    Raises
    ------
    ConfigurationError
        It needs earlier epochs, and there is no history.
    """
    if settings.rule == ReferenceDistance.name:
        return ReferenceDistance()
    if settings.rule == Sosia.name:
        return Sosia()
    if history is None:
        raise ConfigurationError(f"epoch.rule: {settings.rule} needs earlier epochs; set history.url")
    return Cavuoti2024Causal()


def choose_preprocessing(settings: BackboneSettings, backbone: str) -> Preprocessing:
    """Return the configured preprocessing.

    Parameters
    ----------
    settings : BackboneSettings
    backbone : str
        Name of the network that was loaded.

    Raises
    ------
    ConfigurationError
        It was made for another network.
    """
    chains: tuple[Preprocessing, ...] = (SkyFramed(), Ulisse())
    (chosen,) = (chain for chain in chains if chain.name == settings.preprocessing)
    if chosen.backbone not in {None, backbone.removesuffix("-untrained")}:
        raise ConfigurationError(
            f"backbone.preprocessing: {chosen.name} is for {chosen.backbone}, and the network is {backbone}; "
            f'set backbone.name = "{chosen.backbone}"'
        )
    return chosen


def open_examiner(settings: BackboneSettings, *, untrained: bool = False) -> Examiner:
    """Load the networks that look at an epoch's images.

    Parameters
    ----------
    settings : BackboneSettings
        Which backbone, and where its weights are.
    untrained : bool
        Take seeded random weights for the backbone instead, where a demonstration has no others.

    Raises
    ------
    BackboneError
        The weights are missing, damaged or of another network.
    ConfigurationError
        The preprocessing is for another network.
    """
    from models.backbone import load_backbone  # TensorFlow takes seconds to import
    from models.epoch_network import load_epoch_network

    choose_device(settings.device)
    backbone = load_backbone(
        settings.name, settings.weights, untrained=untrained, batch=settings.batch, threads=settings.threads
    )
    embedder = Embedder(backbone, choose_preprocessing(settings, backbone.name))
    return Examiner(embedder, load_epoch_network(batch=settings.batch))


def open_annotator(
    settings: BackboneSettings,
    rule: Rule | None = None,
    history: History | None = None,
    classifiers: ClassifierSettings | None = None,
    *,
    untrained: bool = False,
) -> Annotator:
    """Load the networks and put what uses them around them.

    Parameters
    ----------
    settings, untrained
        As in `open_examiner`.
    rule : Rule, optional
        Tells problematic epochs; by default none is told.
    history : History, optional
        Where earlier epochs are.
    classifiers : ClassifierSettings, optional
        The networks for rare classes; by default none.

    Raises
    ------
    BackboneError, ConfigurationError
        As in `open_examiner`.
    """
    examiner = open_examiner(settings, untrained=untrained)  # first: it settles TensorFlow's threads and device
    classes = None if classifiers is None else open_classifiers(classifiers)
    return Annotator(examiner, utc_now, rule, history, classes)
