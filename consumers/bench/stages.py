"""Each stage alone, in this process, without Kafka: what an alert costs where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from broker.annotation import NoveltyState
from broker.embedding_record import embedding_record
from broker.output import Splicer
from consumers.bench.probes import Times, watched
from consumers.memory import spare_what_stays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.annotator import Annotator, Finding
    from broker.reader import Reader

#: The part that is the networks' own.
NETWORKS = "networks"

#: Parts of an annotation, and the functions that are them; what is in none of them is "the rest".
PARTS = {
    "stamps": ["broker.annotator:stamp_pair"],
    "frame": ["broker.sky_framed:bring_to_frame"],
    "stretch": ["broker.sky_framed:stretch"],
    "compare": ["broker.sky_framed:compare"],
    "inputs": [
        "broker.sky_framed:network_input",
        "broker.examiner:comparison_input",
        "broker.embedding:_content",
    ],
    NETWORKS: ["models.batched:Batched.__call__"],  # each network's way to TensorFlow
    "classes": ["broker.classifiers.choosing:Classifiers.classify"],
    "history": ["broker.history.sqlite:SqliteHistory.append", "broker.history.sqlite:SqliteHistory.earlier"],
    "epoch check": ["broker.epoch_check:EpochChecker.check"],
    "novelty": ["broker.novelty.judging:NoveltyJudge.judge"],
}
#: In the order in which an alert passes them.
ORDER = ("decode", *PARTS, "the rest", "encode")


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """What an alert costs.

    Attributes
    ----------
    cpu_ms : dict of str to float
        By stage [ms of CPU an alert].
    networks : dict of str to float
        Share of the alerts that each network gave a score.
    cache_hits : int
        References that had been embedded before.
    """

    cpu_ms: dict[str, float]
    networks: dict[str, float]
    cache_hits: int

    @property
    def outside_networks_ms(self) -> float:
        """All that is neither networks nor Kafka."""
        return sum(self.cpu_ms.values()) - self.cpu_ms[NETWORKS]


def measure(packets: Sequence[bytes], reader: Reader, annotator: Annotator, batch: int) -> Stages:
    """Annotate packets in batches, as a worker does, and measure each stage.

    Parameters
    ----------
    packets : sequence of bytes
        Two batches of them at least: the first one warms everything up.
    reader, annotator
        A worker's.
    batch : int
        Alerts a batch.
    """
    splicer = Splicer()
    _annotate(packets[:batch], reader, annotator, splicer, Times())
    spare_what_stays()
    findings: list[Finding] = []
    with watched(PARTS) as times:
        for start in range(batch, len(packets), batch):
            findings += _annotate(packets[start : start + batch], reader, annotator, splicer, times)
    cpu_ms = {stage: 1e3 * times.cpu_s[stage] / len(findings) for stage in ORDER}
    hits = annotator.examiner.embedder.cache_hits
    return Stages(cpu_ms, shares(findings), hits)


def _annotate(
    packets: Sequence[bytes], reader: Reader, annotator: Annotator, splicer: Splicer, times: Times
) -> list[Finding]:
    with times.part("decode"):
        read = [reader.read(packet) for packet in packets]
    with times.part("the rest"):
        findings = annotator.annotate(read, [datetime.now(UTC)] * len(read))
    with times.part("encode"):
        for packet, finding in zip(read, findings, strict=True):
            splicer.both(packet, finding.annotation)
            embedding_record(finding)
    return findings


def shares(findings: Sequence[Finding]) -> dict[str, float]:
    """Return the share of the alerts that each network gave a score."""
    scored: dict[str, int] = {"backbone": sum(one.embedding is not None for one in findings)}
    scored["epoch"] = sum(one.annotation.epoch.score is not None for one in findings)
    scored["novelty"] = sum(
        any(novelty.state is NoveltyState.SCORED for novelty in one.annotation.novelty) for one in findings
    )
    for finding in findings:
        for entry in finding.annotation.classifications:
            scored[entry.classifier] = scored.get(entry.classifier, 0) + (entry.score is not None)
    return {name: count / len(findings) for name, count in scored.items()}
