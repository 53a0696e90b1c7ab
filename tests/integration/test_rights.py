"""The least rights of each command: with them it works, and with one fewer it fails and names what is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AclOperation, ResourceType

from consumers import names
from consumers.cli import main
from consumers.dead.replay import TRANSACTIONAL_ID
from consumers.settings import Settings
from models.simulate.stream import simulate
from tests.integration.secure_kafka import Right, SecureKafka
from tests.integration.workers import WorkerThread, wait_until

INPUT, GROUP, WORKER = "ztf_alerts", "scorers", "first"
READ, WRITE = AclOperation.READ, AclOperation.WRITE
OUTPUTS = (names.annotated("ztf"), names.scores("ztf"), names.EMBEDDINGS, names.DEAD, names.LEDGER)


def topic(name: str, operation: AclOperation) -> Right:
    return ResourceType.TOPIC, name, operation


def transactions(name: str) -> Right:
    return ResourceType.TRANSACTIONAL_ID, name, WRITE


RUN = (
    topic(INPUT, READ),
    topic(names.REPLAY, READ),
    *(topic(name, WRITE) for name in OUTPUTS),
    (ResourceType.GROUP, GROUP, READ),
    transactions(f"sosia-{GROUP}-{WORKER}"),
)
#: Commands that read commit nothing, but Kafka's client asks for the coordinator of the group that it must name.
READER: Right = (ResourceType.GROUP, "sosia-reader", READ)
LEDGER = (READER, *(topic(name, READ) for name in (names.LEDGER, names.annotated("ztf"), names.DEAD, INPUT)))
DEAD_REPLAY = (
    READER,
    topic(names.DEAD, READ),
    topic(names.REPLAY, READ),
    topic(names.REPLAY, WRITE),
    transactions(TRANSACTIONAL_ID),
)
COMMANDS = {
    "replay": (("replay", "{packet}", "--topic", INPUT), (topic(INPUT, WRITE),)),
    "ledger": (("ledger", INPUT), LEDGER),
    "dead list": (("dead", "list"), (READER, topic(names.DEAD, READ))),
    "dead replay": (("dead", "replay", "--again"), DEAD_REPLAY),
}


@pytest.fixture(scope="module")
def kafka() -> Iterator[SecureKafka]:
    """One packet of two was annotated there by a worker with the least rights."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    with SecureKafka() as kafka:
        kafka.create(INPUT, names.REPLAY, *OUTPUTS)
        yield kafka


@pytest.fixture(scope="module")
def files(kafka: SecureKafka, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A packet, and the settings of a user who is let in."""
    folder = tmp_path_factory.mktemp("secure")
    packet, config = folder / "packet.avro", folder / "sosia.toml"
    packet.write_bytes(next(iter(simulate("ztf", 1))).packet)
    options = "".join(f"{json.dumps(key)} = {json.dumps(value)}\n" for key, value in kafka.security().items())
    config.write_text(f"[kafka]\nbootstrap_servers = {json.dumps(kafka.bootstrap)}\n[kafka.client]\n{options}")
    return {"packet": packet, "config": config}


def settings(kafka: SecureKafka) -> Settings:
    return Settings(
        kafka={"bootstrap_servers": kafka.bootstrap, "group": GROUP, "client": kafka.security()},
        worker={"name": WORKER, "batch_deadline_s": 0.05},
        input={"surveys": [{"survey": "ztf", "topics": [INPUT]}]},
    )


def call(files: dict[str, Path], arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    words = [word.format(**files) for word in arguments]
    try:
        code = main([*words, "--config", str(files["config"])])
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, error = capsys.readouterr()
    return code, out + error


def test_a_worker_works_with_the_least_rights_and_nobody_else_gets_in(
    kafka: SecureKafka, files: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.avro").write_bytes(b"no packet")
    kafka.allow([topic(INPUT, WRITE)])
    for packet in (files["packet"], tmp_path / "bad.avro"):
        wait_until(lambda: call(files, ("replay", str(packet), "--topic", INPUT), capsys)[0] == 0)  # noqa: B023
    kafka.allow(RUN)
    with WorkerThread(settings(kafka)) as worker:
        wait_until(
            lambda: (
                worker.metric("sosia_alerts_total", survey="ztf", outcome="annotated") == 1
                and worker.metric("sosia_alerts_total", survey="ztf", outcome="dead") == 1
            )
        )
    assert worker.error is None
    kafka.allow([right for right in RUN if right[0] is not ResourceType.TRANSACTIONAL_ID])
    with WorkerThread(settings(kafka)) as worker:
        worker.join()
    assert isinstance(worker.error, KafkaException)
    assert "Transactional Id authorization failed" in str(worker.error)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_needs_its_rights_and_no_others(
    name: str, kafka: SecureKafka, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, rights = COMMANDS[name]
    kafka.allow(rights)
    # A rule takes a moment until it holds.
    wait_until(lambda: call(files, arguments, capsys)[0] == 0)
    for missing in rights:
        if missing == READER:  # it may be asked for too late to matter
            continue
        kafka.allow(right for right in rights if right != missing)
        said = ""

        def refused() -> bool:
            nonlocal said
            code, said = call(files, arguments, capsys)
            return code != 0

        wait_until(refused)
        # What an output topic holds that the auditor may not see is, to the audit, lost.
        assert missing[1] in said or "authorization failed" in said or "came out nowhere" in said
        assert "sosia-secret" not in said
