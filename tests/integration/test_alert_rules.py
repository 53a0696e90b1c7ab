"""A real Prometheus scrapes a worker's metrics: four alerts fire, and end when their cause does."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

import ops
from consumers.health import Health, Part, serve
from consumers.metrics import Metrics
from ops.java_server import free_ports
from tests.integration.workers import WITHIN, wait_until

RULES = Path(ops.__file__).parent / "prometheus" / "sosia.rules.yaml"


@pytest.fixture
def prometheus(tmp_path: Path, program: Callable[..., str]) -> Iterator[tuple[str, int]]:
    """The address of a running Prometheus, and the port that it scrapes; its rules do not wait before they fire."""
    (tmp_path / "rules.yaml").write_text(re.sub(r"(?m)^( +for:).*$", r"\1 0s", RULES.read_text()))
    port, worker = free_ports(2)
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "500ms"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [{"job_name": "sosia", "static_configs": [{"targets": [f"127.0.0.1:{worker}"]}]}],
    }
    (tmp_path / "prometheus.yaml").write_text(json.dumps(config))
    command = [
        program("prometheus"), f"--config.file={tmp_path}/prometheus.yaml", f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        yield f"http://127.0.0.1:{port}", worker
        process.terminate()


def firing(address: str) -> set[str]:
    try:
        with urllib.request.urlopen(f"{address}/api/v1/alerts", timeout=WITHIN) as answer:
            alerts = json.load(answer)["data"]["alerts"]
    except OSError:  # it starts
        return set()
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def test_alerts_fire_and_end_with_their_cause(prometheus: tuple[str, int]) -> None:
    address, port = prometheus
    registry, health = CollectorRegistry(), Health(3600)
    metrics = Metrics(registry, ["ztf"])
    metrics.watch(health.live, health.ready)
    with ExitStack() as worker:
        worker.enter_context(serve(health, registry, "127.0.0.1", port))  # its backbone is not loaded yet
        metrics.ledger(records=5, accounted=4)
        metrics.pause()
        wait_until(lambda: firing(address) == {"SosiaWorkerNotReady", "SosiaLedgerDifference", "SosiaPaused"})
        metrics.ledger(records=4, accounted=5)
        metrics.resume()
        for part in Part:
            health.report(part, None)
        wait_until(lambda: firing(address) == set())
    wait_until(lambda: firing(address) == {"SosiaWorkerDown"})
    with serve(health, registry, "127.0.0.1", port):
        wait_until(lambda: firing(address) == set())
