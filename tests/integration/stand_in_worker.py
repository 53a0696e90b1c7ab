"""A worker as a process for tests: its annotator looks at no pixels, and one marked packet kills it while decoding."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from prometheus_client import CollectorRegistry

from broker.output import Splicer
from broker.packet import Packet
from broker.reader import Reader
from consumers.assembly import open_surveys
from consumers.configuration import load_settings
from consumers.health import Health
from consumers.log import set_up_logs
from consumers.metrics import Metrics
from consumers.worker.annotating import Decoder, Encoder
from consumers.worker.loop import Worker
from consumers.worker.output_schemas import Containers
from consumers.worker.service import stop_on_signals
from schemas.source import FolderSource
from tests.integration.workers import StandIn

SURVEYS = ("ztf", "lsst")


class MortalReader(Reader):
    def read(self, payload: bytes) -> Packet:
        if payload.startswith(b"kill the worker"):
            os._exit(9)
        if payload.startswith(b"crash the worker"):
            raise RuntimeError("a bug, as far as the worker can tell")
        return super().read(payload)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path)
    settings = load_settings(parser.parse_args().config)
    set_up_logs(settings.log)
    metrics = Metrics(CollectorRegistry(), SURVEYS)
    source = FolderSource(settings.registry.schemas) if settings.registry.schemas else None
    decode = Decoder(MortalReader(open_surveys(SURVEYS), source), Containers())
    worker = Worker(settings, decode, Encoder(StandIn(), Splicer(), metrics), Health(60), metrics)
    stop_on_signals(worker)
    worker.run()


if __name__ == "__main__":
    main()
