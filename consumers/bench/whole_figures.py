"""What the benchmark measured of the whole system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Latency:
    """From the input's append to something, over the alerts of a steady rate [s]."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: list[float]) -> Latency:
        """Return the quantiles of some latencies."""
        return cls(*(float(one) for one in np.quantile(seconds, (0.5, 0.95, 0.99))))


@dataclass(frozen=True, slots=True)
class Whole:
    """What was measured.

    Attributes
    ----------
    alerts_per_s : float
        Sustained over the middle of the burst, by a subscriber of committed records.
    burst_alerts : int
    drained_s : float
        From the first ready worker to the receipt of the burst's last alert.
    steady_rate : float
        At which the others were published [1/s].
    latency_s, append_latency_s : Latency
        From the broker's timestamp on the input to the committed receipt, and to its timestamp on the output.
    cpu_s_per_alert, kafka_cpu_s_per_alert : float
        Of the workers, and of the broker, over the middle of the burst.
    peak_rss_mb : float
        Of the largest worker.
    private_mb : tuple of float
        Of the largest worker, at the ten thousandth alert, or where there are fewer at the burst's end, and at the end.
    networks : dict of str to float
        Share of the alerts that each network gave a score.
    judged_by_history : float
        Share of the alerts that were compared with earlier epochs.
    dead, repeated : int
        Dead letters, and alerts received twice.
    history_rows : int
        Earlier epochs in the store.
    workers : int
    """

    alerts_per_s: float
    burst_alerts: int
    drained_s: float
    steady_rate: float
    latency_s: Latency
    append_latency_s: Latency
    cpu_s_per_alert: float
    kafka_cpu_s_per_alert: float
    peak_rss_mb: float
    private_mb: tuple[float, float]
    networks: dict[str, float]
    judged_by_history: float
    dead: int
    repeated: int
    history_rows: int
    workers: int
