"""Rules, dashboards, manifests and runbook, against the metrics and settings that there are."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

import ops
from consumers import names
from consumers.cli import _parser
from consumers.configuration import load_settings
from consumers.metrics import Metrics
from consumers.settings import Settings

OPS = Path(ops.__file__).parent
RULES = OPS / "prometheus" / "sosia.rules.yaml"
DASHBOARDS = sorted((OPS / "grafana").glob("*.json"))

_SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "gauge": [""]}


def rules() -> list[dict[str, str]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def queries(dashboard: Path) -> Iterator[str]:
    for panel in json.loads(dashboard.read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def exposed() -> dict[str, set[str]]:
    """The series that a worker exposes, each with its labels."""
    registry = CollectorRegistry()
    Metrics(registry, ["ztf"])
    families: list[Metric] = list(registry.collect())
    labels = {
        name: set(collector._labelnames)  # type: ignore[attr-defined]  # nowhere public before a series has values
        for collector, names in registry._collector_to_names.items()
        for name in names
    }
    return {
        family.name + suffix: labels[family.name] | ({"le"} if suffix == "_bucket" else set())
        for family in families
        for suffix in _SUFFIXES[family.type]
    }


def unknown(expression: str) -> set[str]:
    """What an expression asks for that nobody writes: series, or labels of theirs."""
    known = exposed() | {rule["record"]: set() for rule in rules() if "record" in rule}
    series = set(re.findall(r"\bsosia[_:][a-z0-9_:]+", expression))
    asked = {(name, label) for name, inner in re.findall(r"\b(sosia_[a-z0-9_]+)\{([^}]*)\}", expression)
             for label in re.findall(r"([a-z]+)=", inner)}  # fmt: skip
    return (series - known.keys()) | {f"{name}{{{label}}}" for name, label in asked if label not in known[name]}


def promtool(program: Callable[..., str], verb: str, file: Path, what: str = "rules") -> None:
    command = [program("promtool", "prometheus"), verb, what, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_asks_for_what_a_worker_exposes() -> None:
    assert {rule["expr"]: unknown(rule["expr"]) for rule in rules() if unknown(rule["expr"])} == {}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_query_asks_for_what_a_worker_exposes(
    dashboard: Path, tmp_path: Path, program: Callable[..., str]
) -> None:
    asked = list(queries(dashboard))
    assert {query: unknown(query) for query in asked if unknown(query)} == {}
    file = tmp_path / "rules.yaml"  # by which promtool tells whether each can be read
    recorded = [{"record": f"query_{place}", "expr": query} for place, query in enumerate(asked)]
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": recorded}]}))
    promtool(program, "check", file)


def test_the_rules_unit_tests_pass_and_cover_every_alert(program: Callable[..., str]) -> None:
    tests = RULES.with_name("sosia.rules.test.yaml")
    promtool(program, "test", tests)
    cases = [case for test in yaml.safe_load(tests.read_text())["tests"] for case in test["alert_rule_test"]]
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == alerts
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == alerts


def test_prometheus_reads_its_configuration_and_scrapes_workers_alone(program: Callable[..., str]) -> None:
    config = OPS / "prometheus" / "prometheus.yaml"
    promtool(program, "check", config, "config")
    (job,) = yaml.safe_load(config.read_text())["scrape_configs"]
    assert f'job="{job["job_name"]}"' in RULES.read_text()  # by which SosiaWorkerDown knows them
    assert {one["port"] for one in job["dns_sd_configs"]} == {Settings().metrics.port}


def test_every_alert_has_its_paragraph_in_the_runbook() -> None:
    written = re.findall(r"^\*\*(\w+)\*\* · ", (OPS / "README.md").read_text(), re.MULTILINE)
    assert sorted(written) == sorted(rule["alert"] for rule in rules() if "alert" in rule)


def test_the_runbooks_commands_are_there() -> None:
    told = re.findall(r"`sosia ([^`]* --[^`]*)`", (OPS / "README.md").read_text())
    assert told
    for words in map(shlex.split, told):
        assert _parser(words).parse_args(words).command == words[0]


def commands() -> list[list[str]]:
    """The arguments of every `sosia` that compose file and manifests start."""
    compose = yaml.safe_load((OPS / "compose.yaml").read_text())["services"]
    started = [service["command"] for service in compose.values() if service.get("image") == "sosia"]
    for file in (OPS / "kubernetes").glob("*.yaml"):
        for manifest in yaml.safe_load_all(file.read_text()):
            pod = manifest["spec"].get("template", {}).get("spec", {}) if "spec" in manifest else {}
            started += [container["args"] for container in pod.get("containers", ())]
    return started


def test_compose_and_manifests_start_commands_that_there_are() -> None:
    assert sorted(command[0] for command in commands()) == ["page", "page", "run", "run"]
    for command in commands():
        assert _parser(command).parse_args(command).command == command[0]


def test_compose_makes_every_topic_of_ours_and_of_its_inputs() -> None:
    compose = yaml.safe_load((OPS / "compose.yaml").read_text())["services"]
    (script,) = compose["topics"]["command"]
    surveys = [one["survey"] for one in json.loads(compose["worker"]["environment"]["SOSIA_INPUT__SURVEYS"])]
    asked = re.findall(r"\bcreate (\S+) \d", script.replace("$$", "$"))
    made = {one.replace("$survey", survey) for one in asked for survey in surveys}
    ours = {names.EMBEDDINGS, names.DEAD, names.REPLAY, names.LEDGER, names.INDEX}
    assert made == ours | {topic for one in surveys for topic in (one, names.annotated(one), names.scores(one))}


def test_settings_of_compose_and_manifests_are_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compose = yaml.safe_load((OPS / "compose.yaml").read_text())
    for name, value in compose["services"]["worker"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = load_settings(None)
    assert [one.survey for one in settings.input.surveys] == ["ztf", "lsst"]
    assert settings.history.url == "redis://redis:6379/0"
    for name in compose["services"]["worker"]["environment"]:
        monkeypatch.delenv(name)
    (config, *_) = yaml.safe_load_all((OPS / "kubernetes" / "worker.yaml").read_text())
    (tmp_path / "sosia.toml").write_text(config["data"]["sosia.toml"])
    assert load_settings(tmp_path / "sosia.toml").metrics.host == "0.0.0.0"


def test_pods_probe_what_a_worker_answers() -> None:
    manifests: list[dict[str, Any]] = [
        one for file in (OPS / "kubernetes").glob("*.yaml") for one in yaml.safe_load_all(file.read_text())
    ]
    pods = [one["spec"]["template"]["spec"] for one in manifests if one["kind"] in ("StatefulSet", "Deployment")]
    assert len(pods) == 2
    for pod in pods:
        (container,) = pod["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
