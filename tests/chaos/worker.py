"""A worker as a process for the chaos suite: real in everything but the networks; its clock may be off by an hour."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from broker.annotator import Finding
from broker.history.history import Epoch, Question, Row, Series
from broker.history.opening import open_history
from broker.output import Splicer
from broker.reader import Reader
from consumers.assembly import open_surveys, utc_now
from consumers.configuration import load_settings
from consumers.health import Health
from consumers.log import set_up_logs
from consumers.metrics import Metrics
from consumers.registry import RegistrySource
from consumers.worker.annotating import Decoder, Encoder
from consumers.worker.index_versions import IndexVersions
from consumers.worker.loop import Worker
from consumers.worker.output_schemas import RegisteredSchemas
from consumers.worker.patient_history import PatientHistory
from consumers.worker.service import stop_on_signals
from tests.broker.annotations import annotation_of
from tests.chaos.index import DIGESTS

EMBEDDING = np.zeros(1280, dtype=np.float16)


class Annotator:
    """Looks at no pixels, and remembers each packet as the real one does."""

    def __init__(self, history: PatientHistory, versions: IndexVersions) -> None:
        self._history = history
        self._versions = versions

    def annotate(self, packets: Sequence[Any], received: Sequence[Any]) -> list[Any]:
        rows = [Row(_series(one), Epoch(one.epoch_id, one.mjd, EMBEDDING)) for one in packets]
        self._history.append(rows)
        answers = self._history.earlier([Question(_series(one), one.epoch_id, one.mjd) for one in packets])
        assert len(answers) == len(packets)
        assert self._versions().keys() <= DIGESTS.keys()
        return [Finding(annotation_of(one)) for one in packets]


def _series(packet: Any) -> Series:
    return Series(packet.survey.name, packet.object_id, packet.band or "", "chaos")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path)
    parser.add_argument("--clock-off-s", type=float, default=0.0)
    args = parser.parse_args()
    settings = load_settings(args.config)
    set_up_logs(settings.log)
    assert settings.history.url is not None
    assert settings.registry.url is not None
    metrics = Metrics(CollectorRegistry(), ["stamps"])
    history = PatientHistory(open_history(settings.history.url, keep=8), lambda _: None)
    source = RegistrySource(settings.registry.url, patience_s=0.0)
    decode = Decoder(Reader(open_surveys(["stamps"]), source), RegisteredSchemas(source), embeddings=False)
    assert settings.index.cache is not None
    versions = IndexVersions(settings.kafka.client_config(), settings.index.cache, DIGESTS)
    versions.start()
    annotator: Any = Annotator(history, versions)
    encode = Encoder(annotator, Splicer(), metrics, embeddings=False)
    off = timedelta(seconds=args.clock_off_s)

    def clock() -> datetime:
        return utc_now() + off

    worker = Worker(settings, decode, encode, Health(60), metrics, clock=clock)
    stop_on_signals(worker, history.give_up, versions.stop)
    worker.run()


if __name__ == "__main__":
    main()
