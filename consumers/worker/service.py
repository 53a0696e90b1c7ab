"""A worker as a service: its parts as configured, its health and metrics over HTTP, and the signals that end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry

from broker.output import Splicer
from broker.reader import Reader
from broker.rules.cavuoti2024_causal import Cavuoti2024Causal
from broker.simulated_offset import simulated_offset
from consumers.assembly import choose_rule, open_annotator, open_surveys
from consumers.health import Health, Part, serve
from consumers.memory import spare_what_stays
from consumers.metrics import Metrics
from consumers.rebuild_history import open_whole_history
from consumers.registry import RegistrySource
from consumers.stop_signals import on_stop_signal
from consumers.worker.annotating import Decoder, Encoder
from consumers.worker.clusters import refuse_two_clusters
from consumers.worker.index_versions import IndexVersions
from consumers.worker.loop import Worker
from consumers.worker.output_schemas import Containers, RegisteredSchemas
from consumers.worker.patient_history import PatientHistory
from consumers.worker.preflight import check_topics
from consumers.worker.shedding import Shedding
from schemas.errors import BackboneError, ConfigurationError, SosiaError
from schemas.source import FolderSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from broker.annotator import Annotator
    from broker.embedding import Embedder
    from broker.surveys.survey import Survey
    from consumers.registry_settings import RegistrySettings
    from consumers.settings import Settings
    from consumers.worker.output_schemas import OutputSchemas
    from schemas.source import SchemaSource

log = structlog.get_logger()


def run_worker(settings: Settings, *, allow_untrained: bool = False) -> None:
    """Run one worker until SIGTERM or SIGINT: it finishes the batches in flight; a second one ends it at once.

    Parameters
    ----------
    settings : Settings
    allow_untrained : bool, optional
        Go on with seeded random weights where there are no others, for a demonstration.

    Raises
    ------
    ConfigurationError
        No input is configured, servers of two clusters, or topics or rights are missing.
    BackboneError
        There are no usable weights.
    HistoryError
        The history cannot be opened at the start, nor rebuilt; later on the worker waits for it.
    SosiaError
        A fatal error of Kafka's, such as another worker of the same name.
    """
    surveys = list(dict.fromkeys(one.survey for one in settings.input.surveys))
    if not surveys:
        raise ConfigurationError("input.surveys: nothing to read; name a survey and its topics")
    refuse_two_clusters(settings.kafka.client_config())
    check_topics(settings)
    source, schemas = _schemas(settings.registry)
    registry = CollectorRegistry()
    metrics = Metrics(registry, surveys)
    health = Health(settings.metrics.live_s)
    metrics.watch(health.live, health.ready)
    with serve(health, registry, settings.metrics.host, settings.metrics.port) as address:
        log.info("health", address=address)
        history = _history(settings, health)
        annotator = _annotator(settings, history, allow_untrained=allow_untrained)
        health.report(Part.BACKBONE, None)
        configured = open_surveys(surveys, settings.input.surveys)
        if settings.epoch.rule == Cavuoti2024Causal.name:
            tell_stack_offset(annotator.examiner.embedder, configured)
        versions = _index_versions(settings, annotator, configured, metrics, health)
        publish = settings.embeddings.publish
        decode = Decoder(Reader(configured, source), schemas, embeddings=publish)
        shedding = Shedding(annotator.classifiers, settings.overload.shed, settings.overload.above_wait_s)
        encode = Encoder(
            annotator,
            Splicer(),
            metrics,
            embeddings=publish,
            references=settings.index.reference,
            before=shedding.decide,
        )
        worker = Worker(settings, decode, encode, health, metrics)
        stops = (None if history is None else history.give_up, None if versions is None else versions.stop)
        stop_on_signals(worker, *(stop for stop in stops if stop is not None))
        spare_what_stays()
        try:
            worker.run()
        except KafkaException as error:
            raise SosiaError(f"Kafka: {error.args[0].str()}; nothing is lost, start the worker again") from error


def _history(settings: Settings, health: Health) -> PatientHistory | None:
    if settings.history.url is None:
        return None

    def report(problem: str | None) -> None:
        health.report(Part.HISTORY, problem)

    def progress(done: str) -> None:
        health.beat()
        report(done)

    history = open_whole_history(settings, progress)
    report(None)
    return PatientHistory(history, report)


def _annotator(settings: Settings, history: PatientHistory | None, *, allow_untrained: bool) -> Annotator:
    rule = choose_rule(settings.epoch, history)
    try:
        return open_annotator(settings.backbone, rule, history, settings.classifiers)
    except BackboneError as error:
        if not allow_untrained:
            raise
        log.warning("no weights: distances mean nothing", error=str(error))
        return open_annotator(settings.backbone, rule, history, settings.classifiers, untrained=True)


def _index_versions(
    settings: Settings, annotator: Annotator, surveys: Iterable[Survey], metrics: Metrics, health: Health
) -> IndexVersions | None:
    """Open what is announced of the novelty index, let the annotator judge by it, and follow the announcements."""
    if settings.index.cache is None:
        return None
    embedder = annotator.examiner.embedder
    digests = {survey.name: embedder.digest(survey.facts.frame) for survey in surveys}
    versions = IndexVersions(
        settings.kafka.client_config(), settings.index.cache, digests, metrics.index, metrics.index_refused
    )
    versions.start(health.beat)
    annotator.compare_with(versions, reference=settings.index.reference)
    return versions


def tell_stack_offset(embedder: Embedder, surveys: Iterable[Survey]) -> None:
    """Tell how far each survey's stacks lie from their epochs, and warn where the published rule would fail."""
    for survey in surveys:
        measured = simulated_offset(embedder, survey)
        tell = log.warning if measured.knife_edge else log.info
        tell(f"on simulated epochs: {measured}", survey=survey.name)


def stop_on_signals(worker: Worker, *others: Callable[[], None]) -> None:
    """Stop the worker and others on SIGTERM or SIGINT; the second one kills."""
    on_stop_signal(worker.stop, *others)


def _schemas(settings: RegistrySettings) -> tuple[SchemaSource | None, OutputSchemas]:
    """Return where writers' schemas come from, and where the outputs' go to."""
    if settings.url is None:
        return (FolderSource(settings.schemas) if settings.schemas is not None else None), Containers()
    options = {key: value.get_secret_value() for key, value in settings.client.items()}
    # No patience of its own: the pipeline asks again, and can be stopped meanwhile.
    registry = RegistrySource(settings.url, options, patience_s=0.0)
    source = FolderSource(settings.schemas) if settings.schemas is not None else registry
    return source, RegisteredSchemas(registry) if settings.registers else Containers()
