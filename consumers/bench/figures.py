"""All that one run of the benchmark measured, and its form in JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consumers.bench.machine import Machine
    from consumers.bench.naive import Naive
    from consumers.bench.stages import Stages
    from consumers.bench.whole_figures import Whole


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """One run.

    Attributes
    ----------
    machine : Machine
    load : str
        What the alerts were made of.
    packets : dict of str to int
        Distinct packets behind the load, by survey; the mix is theirs.
    index_entries : int
        Of the novelty index.
    stages : Stages
    limit_alerts_per_s : float
        The networks' passes alone, in as many processes as workers.
    naive : Naive
    long_packets : dict of int to float
        CPU time of decoding and splicing a Rubin packet [s], by its earlier detections.
    whole : Whole or None
        None where only what runs in one process was measured.
    """

    machine: Machine
    load: str
    packets: dict[str, int]
    index_entries: int
    stages: Stages
    limit_alerts_per_s: float
    naive: Naive
    long_packets: dict[int, float]
    whole: Whole | None

    def to_json(self) -> dict[str, Any]:
        """Return the figures as one object; null where something was not measured."""
        whole = self.whole
        return {
            "alerts_per_s": whole and whole.alerts_per_s,
            "naive_alerts_per_s": self.naive.alerts_per_s,
            "limit_alerts_per_s": self.limit_alerts_per_s,
            "over_naive": whole and whole.alerts_per_s / self.naive.alerts_per_s,
            "over_limit": whole and whole.alerts_per_s / self.limit_alerts_per_s,
            "latency_s": whole and asdict(whole.latency_s),
            "append_latency_s": whole and asdict(whole.append_latency_s),
            "steady_rate": whole and whole.steady_rate,
            "burst": whole and {"alerts": whole.burst_alerts, "drained_s": whole.drained_s},
            "cpu_s_per_alert": whole.cpu_s_per_alert if whole else sum(self.stages.cpu_ms.values()) / 1e3,
            "kafka_cpu_s_per_alert": whole and whole.kafka_cpu_s_per_alert,
            "naive_cpu_s_per_alert": self.naive.cpu_s_per_alert,
            "outside_networks_cpu_s_per_alert": self.stages.outside_networks_ms / 1e3,
            "peak_rss_mb": whole and whole.peak_rss_mb,
            "private_mb": whole and list(whole.private_mb),
            "stages": {name: {"cpu_s_per_alert": ms / 1e3} for name, ms in self.stages.cpu_ms.items()},
            "long_packet_cpu_s": {str(length): cpu_s for length, cpu_s in self.long_packets.items()},
            "networks": whole.networks if whole else self.stages.networks,
            "reference_cache_hits": self.stages.cache_hits,
            "judged_by_history": whole and whole.judged_by_history,
            "history_rows": whole and whole.history_rows,
            "index_entries": self.index_entries,
            "dead": whole and whole.dead,
            "repeated": whole and whole.repeated,
            "workers": whole and whole.workers,
            "load": self.load,
            "packets": self.packets,
            "machine": asdict(self.machine),
        }
