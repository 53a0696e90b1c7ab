"""Every metric that a worker exposes, each with its meaning; `consumers.metrics` says when it counts what."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Instruments:
    """Counters, gauges and histograms.

    Parameters
    ----------
    registry : CollectorRegistry
        Where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.alerts = Counter(
            "sosia_alerts",
            "Input records by survey and by what became of them",
            ["survey", "outcome"],
            registry=registry,
        )
        self.dead = Counter("sosia_dead_letters", "Dead letters by reason", ["reason"], registry=registry)
        self.repeated = Counter(
            "sosia_repeated", "Annotated records that repeat an epoch: the survey sent it again", registry=registry
        )
        self.ledger_difference = Gauge(
            "sosia_ledger_difference",
            "Records received less records annotated, dead or skipped, over all committed ledger rows; not 0 is a bug",
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "sosia_stage_seconds",
            "Time that one batch spends in a stage [s]",
            ["stage"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
            registry=registry,
        )
        self.batch_records = Histogram(
            "sosia_batch_records",
            "Records in a batch: small ones mean that the input is slower than the worker",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
            registry=registry,
        )
        self.age = Histogram(
            "sosia_alert_age_seconds",
            "Now less mid-exposure, when the annotation was committed [s]; replayed nights are days and years old",
            ["survey"],
            buckets=(
                30,
                MINUTE,
                2 * MINUTE,
                5 * MINUTE,
                15 * MINUTE,
                HOUR,
                6 * HOUR,
                *(n * DAY for n in (1, 7, 30, 365)),
            ),
            registry=registry,
        )
        self.waited = Histogram(
            "sosia_input_wait_seconds",
            "Now less the record's own timestamp in its topic, when it was committed [s]: how far the worker is behind",
            ["survey"],
            buckets=(0.5, 1, 2, 5, 10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR),
            registry=registry,
        )
        self.lag = Gauge(
            "sosia_lag_records",
            "Offsets between the last committed record and the end of an assigned partition; "
            "includes the markers of the input's own transactions",
            ["topic", "partition"],
            registry=registry,
        )
        self.problematic = Counter(
            "sosia_problematic", "Epochs flagged as problematic by the epoch check", ["survey"], registry=registry
        )
        self.unscored = Counter(
            "sosia_unscored_stamps",
            "Alerts annotated without a distance, by reason",
            ["survey", "reason"],
            registry=registry,
        )
        self.reference_distance = Histogram(
            "sosia_reference_distance",
            "Distance of science and reference embeddings; its median drifts with the sky, the camera or the backbone",
            ["survey"],
            buckets=(0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50),
            registry=registry,
        )
        self.looked = Counter(
            "sosia_classified",
            "Alerts by what a class network did with them: the router saves it some, its domain excludes others, and a "
            "worker that is behind sheds those that its operator named",
            ["survey", "classifier", "outcome"],
            registry=registry,
        )
        self.class_score = Histogram(
            "sosia_class_score",
            "Scores of the class networks; nearly all alerts belong to no rare class",
            ["classifier"],
            buckets=(0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0),
            registry=registry,
        )
        self.novelty = Counter(
            "sosia_novelty", "Images by how far their novelty could be scored", ["survey", "state"], registry=registry
        )
        self.p_value = Histogram(
            "sosia_novelty_p_value",
            "Novelty p-values: uniform as long as the night is like the index; an upper end that empties is drift",
            ["survey"],
            buckets=(1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
            registry=registry,
        )
        self.index_entries = Gauge(
            "sosia_index_entries", "Entries of the novelty index in use, all bands", ["survey"], registry=registry
        )
        self.index_created = Gauge(
            "sosia_index_created_seconds",
            "When the novelty index in use was made [s since 1970]: which version it is, and how old",
            ["survey"],
            registry=registry,
        )
        self.index_refused = Counter(
            "sosia_index_refused",
            "Announced versions of the novelty index that could not be taken; the one before stays in use",
            ["survey"],
            registry=registry,
        )
        self.transactions = Counter(
            "sosia_transactions", "Kafka transactions by how they ended", ["outcome"], registry=registry
        )
        self.pauses = Counter(
            "sosia_pauses",
            "Times that the input was paused, since the worker was full or a schema source silent",
            registry=registry,
        )
        self.paused = Gauge("sosia_paused", "1 while the input is paused", registry=registry)
        self.live = Gauge("sosia_live", "1 while the main loop moves: what /live answers", registry=registry)
        self.ready = Gauge("sosia_ready", "1 while alerts are being annotated: what /ready answers", registry=registry)
