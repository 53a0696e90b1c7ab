from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from consumers.health import Health, Part, serve
from consumers.metrics import Metrics
from schemas.errors import ConfigurationError

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(live_s=10.0, clock=clock)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def address(health: Health, registry: CollectorRegistry) -> Iterator[str]:
    with serve(health, registry, "127.0.0.1", 0) as url:
        yield url


def get(url: str) -> tuple[int, str]:
    try:
        with OPENER.open(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_live_while_the_main_loop_beats(address: str, health: Health, clock: Clock) -> None:
    clock.now += 10
    assert get(f"{address}/live") == (200, "ok\n")
    clock.now += 0.1
    assert get(f"{address}/live")[0] == 503
    health.beat()
    assert get(f"{address}/live")[0] == 200


def test_ready_once_all_parts_are_there(address: str, health: Health) -> None:
    status, text = get(f"{address}/ready")
    assert status == 503
    assert text.splitlines() == ["backbone: not loaded yet", "partitions: none assigned yet"]
    health.report(Part.BACKBONE, None)
    assert get(f"{address}/ready") == (503, "partitions: none assigned yet\n")
    health.report(Part.PARTITIONS, None)
    assert get(f"{address}/ready") == (200, "ok\n")


def test_a_stopped_worker_is_live_and_says_why_it_is_not_ready(address: str, health: Health) -> None:
    health.report(Part.BACKBONE, None)
    health.report(Part.PARTITIONS, None)
    health.report(Part.WORKER, "950 of the last 1000 records are unreadable")
    assert get(f"{address}/ready") == (503, "worker: 950 of the last 1000 records are unreadable\n")
    assert get(f"{address}/live")[0] == 200


def test_a_silent_worker_is_not_ready_either(address: str, health: Health, clock: Clock) -> None:
    health.report(Part.BACKBONE, None)
    health.report(Part.PARTITIONS, None)
    clock.now += 11
    assert get(f"{address}/ready") == (503, "main loop: silent for more than 10 s\n")


def test_metrics_are_served_in_prometheus_format(address: str, registry: CollectorRegistry, health: Health) -> None:
    Counter("sosia_test", "A test", registry=registry).inc(3)
    Metrics(registry, ["ztf"]).watch(health.live, health.ready)
    status, text = get(f"{address}/metrics")
    values = {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}
    assert status == 200
    assert values["sosia_test_total"] == 3
    assert (values["sosia_live"], values["sosia_ready"]) == (1, 0)


def test_other_paths_are_not_there(address: str) -> None:
    assert get(f"{address}/")[0] == 404


def test_a_taken_port_is_an_error_that_names_the_key(address: str, health: Health, registry: CollectorRegistry) -> None:
    port = int(address.rpartition(":")[2])
    with (
        pytest.raises(ConfigurationError, match=rf"metrics\.port: cannot listen on 127\.0\.0\.1:{port}"),
        serve(health, registry, "127.0.0.1", port),
    ):
        pass


def test_the_server_ends_with_its_block(health: Health, registry: CollectorRegistry) -> None:
    with serve(health, registry, "127.0.0.1", 0) as url:
        pass
    with pytest.raises(urllib.error.URLError):
        OPENER.open(f"{url}/live", timeout=10)
