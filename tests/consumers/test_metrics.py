from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from broker.annotation import (
    Annotation,
    BackboneInfo,
    Classification,
    EpochCheck,
    EpochState,
    ImageInfo,
    Novelty,
    NoveltyState,
)
from broker.classifiers.choosing import BELOW_THRESHOLD, SHED
from broker.novelty.build import build
from broker.novelty.recipe import Recipe
from broker.novelty.versions import open_version
from consumers.metrics import Metrics, Outcome, Stage, TransactionEnd
from schemas.errors import DeadReason, StampReason
from tests.broker.novelty.rows import sightings

NOW = datetime(2026, 11, 21, 6, 0, 37, tzinfo=UTC)
#: 2026-11-21T06:00:00 TAI, which is 74 s before NOW.
MJD = 61365.25


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry, ["ztf", "lsst"])


def annotation(epoch: EpochCheck, survey: str = "ztf", mjd: float | None = MJD) -> Annotation:
    backbone = BackboneInfo("efficientnetv2-b0", "0" * 64)
    return Annotation(
        "0.1.0", survey, "ZTF18a", "1", "g", mjd, 1.0, 2.0, NOW, NOW, backbone, ImageInfo(0.0), epoch
    )  # fmt: skip


def test_series_start_at_zero(registry: CollectorRegistry, metrics: Metrics) -> None:
    assert registry.get_sample_value("sosia_alerts_total", {"survey": "lsst", "outcome": "dead"}) == 0
    assert registry.get_sample_value("sosia_dead_letters_total", {"reason": "lengths"}) == 0
    assert registry.get_sample_value("sosia_transactions_total", {"outcome": "aborted"}) == 0


def test_counts_by_survey_outcome_and_reason(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.alerts("ztf", Outcome.ANNOTATED, 5)
    metrics.alerts("ztf", Outcome.DEAD)
    metrics.dead(DeadReason.TRAILING_BYTES)
    metrics.repeated(2)
    metrics.transaction(TransactionEnd.ABORTED)
    assert registry.get_sample_value("sosia_alerts_total", {"survey": "ztf", "outcome": "annotated"}) == 5
    assert registry.get_sample_value("sosia_alerts_total", {"survey": "ztf", "outcome": "dead"}) == 1
    assert registry.get_sample_value("sosia_dead_letters_total", {"reason": "trailing bytes"}) == 1
    assert registry.get_sample_value("sosia_repeated_total") == 2
    assert registry.get_sample_value("sosia_transactions_total", {"outcome": "aborted"}) == 1


def test_an_age_runs_from_mid_exposure_in_tai(registry: CollectorRegistry, metrics: Metrics) -> None:
    taken = datetime(2026, 11, 21, 6, 0, 0, tzinfo=UTC) - timedelta(seconds=37)
    metrics.annotation(annotation(EpochCheck(EpochState.WARMING_UP, "none", reference_distance=3.5)), NOW)
    age = registry.get_sample_value("sosia_alert_age_seconds_sum", {"survey": "ztf"})
    assert age == pytest.approx((NOW - taken).total_seconds(), abs=1e-3)
    assert registry.get_sample_value("sosia_reference_distance_sum", {"survey": "ztf"}) == 3.5


def test_an_unknown_time_has_no_age(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.annotation(annotation(EpochCheck(EpochState.JUDGED, "r", reference_distance=1.0), mjd=None), NOW)
    assert registry.get_sample_value("sosia_alert_age_seconds_count", {"survey": "ztf"}) is None


def test_what_class_networks_did_is_counted_under_known_names_only(
    registry: CollectorRegistry, metrics: Metrics
) -> None:
    entries = (
        Classification("streak", "1", "difference", score=0.95),
        Classification("lens", "1", "reference", reason="pixel scale too coarse"),
        Classification("merger", "1", "reference", reason=BELOW_THRESHOLD),
        Classification("merger", "1", "reference", reason=SHED),
        Classification("of tomorrow", "1", "reference", score=0.2),
    )
    one = replace(annotation(EpochCheck(EpochState.JUDGED, "r", reference_distance=1.0)), classifications=entries)
    metrics.annotation(one, NOW)
    for classifier, outcome in (
        ("streak", "scored"),
        ("lens", "abstained"),
        ("merger", "routed away"),
        ("merger", "shed"),
        ("other", "scored"),
    ):
        labels = {"survey": "ztf", "classifier": classifier, "outcome": outcome}
        assert registry.get_sample_value("sosia_classified_total", labels) == 1
    assert registry.get_sample_value("sosia_class_score_sum", {"classifier": "streak"}) == pytest.approx(0.95)


def test_flags_and_missing_distances_are_counted(registry: CollectorRegistry, metrics: Metrics) -> None:
    flagged = EpochCheck(EpochState.JUDGED, "rule", problematic=True, score=2.0, reference_distance=9.0)
    metrics.annotation(annotation(flagged), NOW)
    metrics.annotation(annotation(EpochCheck(EpochState.UNREADABLE, "rule", reason=StampReason.BLANK)), NOW)
    metrics.annotation(annotation(EpochCheck(EpochState.NO_REFERENCE, "rule", reason="a packet's own words")), NOW)
    assert registry.get_sample_value("sosia_problematic_total", {"survey": "ztf"}) == 1
    unscored = "sosia_unscored_stamps_total"
    assert registry.get_sample_value(unscored, {"survey": "ztf", "reason": "stamp blank"}) == 1
    assert registry.get_sample_value(unscored, {"survey": "ztf", "reason": "other"}) == 1


def test_no_packet_adds_a_label(registry: CollectorRegistry, metrics: Metrics) -> None:
    def labels() -> set[str]:
        return {value for family in registry.collect() for sample in family.samples for value in sample.labels.values()}

    for number in range(100):
        epoch = EpochCheck(EpochState.UNREADABLE, "rule", reason=f"reason {number}")
        metrics.annotation(annotation(epoch, survey=f"survey {number}"), NOW)
        metrics.alerts(f"survey {number}", Outcome.ANNOTATED)
    assert not {label for label in labels() if label.startswith(("survey", "reason"))}
    assert registry.get_sample_value("sosia_alerts_total", {"survey": "other", "outcome": "annotated"}) == 100


def test_lag_is_told_of_assigned_partitions_only(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.lag({("ztf_20261120", 0): 7, ("ztf_20261121", 3): 9})
    metrics.lag({("ztf_20261121", 3): 4})
    lag = "sosia_lag_records"
    assert registry.get_sample_value(lag, {"topic": "ztf_20261121", "partition": "3"}) == 4
    assert registry.get_sample_value(lag, {"topic": "ztf_20261120", "partition": "0"}) is None
    metrics.lag({})
    assert registry.get_sample_value(lag, {"topic": "ztf_20261121", "partition": "3"}) is None


def test_the_ledger_difference_is_what_no_outcome_accounts_for(registry: CollectorRegistry, metrics: Metrics) -> None:
    metrics.ledger(records=64, accounted=64)
    assert registry.get_sample_value("sosia_ledger_difference") == 0
    metrics.ledger(records=64, accounted=62)
    assert registry.get_sample_value("sosia_ledger_difference") == 2


def test_stages_batches_and_pauses(registry: CollectorRegistry, metrics: Metrics) -> None:
    with metrics.time(Stage.DECODE):
        pass
    metrics.batch(64)
    metrics.pause()
    assert registry.get_sample_value("sosia_stage_seconds_count", {"stage": "decode"}) == 1
    assert registry.get_sample_value("sosia_batch_records_sum") == 64
    assert registry.get_sample_value("sosia_paused") == 1
    metrics.resume()
    assert registry.get_sample_value("sosia_paused") == 0
    assert registry.get_sample_value("sosia_pauses_total") == 1


def test_every_metric_tells_its_meaning(registry: CollectorRegistry, metrics: Metrics) -> None:
    families = list(registry.collect())
    assert len(families) >= 15
    for family in families:
        assert family.name.startswith("sosia_")
        assert len(family.documentation.split()) >= 4


def test_novelty_by_state_and_its_p_values(registry: CollectorRegistry, metrics: Metrics) -> None:
    images = (
        Novelty("science", NoveltyState.SCORED, p_value=0.04),
        Novelty("reference", NoveltyState.SCORED, p_value=0.5),
        Novelty("science", NoveltyState.NO_INDEX, reason="no index is configured"),
    )
    metrics.annotation(replace(annotation(EpochCheck(EpochState.JUDGED, "rule")), novelty=images), NOW)
    assert registry.get_sample_value("sosia_novelty_total", {"survey": "ztf", "state": "scored"}) == 2
    assert registry.get_sample_value("sosia_novelty_total", {"survey": "ztf", "state": "no_index"}) == 1
    assert registry.get_sample_value("sosia_novelty_p_value_count", {"survey": "ztf"}) == 2
    assert registry.get_sample_value("sosia_novelty_p_value_bucket", {"survey": "ztf", "le": "0.05"}) == 1


def test_the_index_in_use_and_those_refused(registry: CollectorRegistry, metrics: Metrics, tmp_path: Path) -> None:
    version = open_version(build(sightings(40), tmp_path, Recipe(axes=4)))
    metrics.index(version)
    metrics.index_refused("ztf")
    (facts,) = version.manifest.populations
    assert registry.get_sample_value("sosia_index_entries", {"survey": "ztf"}) == facts.entries
    created = registry.get_sample_value("sosia_index_created_seconds", {"survey": "ztf"})
    assert created == version.manifest.created.timestamp()
    assert registry.get_sample_value("sosia_index_refused_total", {"survey": "ztf"}) == 1
