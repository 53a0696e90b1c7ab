"""The least rights of each command: with them it works, and with one fewer it fails, and names what is missing."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AclOperation, ResourceType

from consumers import names
from consumers.assembly import utc_now
from consumers.cli import main
from consumers.dead.replay import TRANSACTIONAL_ID
from consumers.mirror.mirror import Mirror
from consumers.page.board import Board
from consumers.page.feed import Feed
from consumers.rights import lacking
from consumers.settings import Settings
from consumers.worker.preflight import check_topics
from models.simulate.stream import simulate
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigurationError
from tests.chaos.index import new_version
from tests.integration.secure_kafka import Right, SecureKafka
from tests.integration.workers import WITHIN, Cluster, WorkerThread, wait_until

INPUT, GROUP, WORKER, MIRRORED = "ztf_alerts", "scorers", "first", "ztf_mirrored"
READ, WRITE = AclOperation.READ, AclOperation.WRITE
ANNOTATED, SCORES = names.annotated("ztf"), names.scores("ztf")
OUTPUTS = (ANNOTATED, SCORES, names.EMBEDDINGS, names.DEAD, names.LEDGER)


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
#: Commands that read commit nothing, but Kafka's client asks for the coordinator of the group that it must name: the
#: refusal may come after all was read.
READER: Right = (ResourceType.GROUP, "sosia-reader", READ)
LEDGER = (READER, *(topic(name, READ) for name in (names.LEDGER, ANNOTATED, names.DEAD, INPUT)))
DEAD_REPLAY = (
    READER,
    topic(names.DEAD, READ),
    topic(names.REPLAY, READ),
    topic(names.REPLAY, WRITE),
    transactions(TRANSACTIONAL_ID),
)
MIRROR = (
    READER,
    topic(MIRRORED, WRITE),
    topic(names.POSITIONS, READ),
    topic(names.POSITIONS, WRITE),
    transactions("sosia-mirror-source"),
)
TAIL = ("tail", "--survey", "ztf", "--no-follow")
#: Words, least rights, and what it says where it did all it could: an index or a history of no rows is none.
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[Right, ...], str]] = {
    "replay": (("replay", "{packet}", "--topic", INPUT), (topic(INPUT, WRITE),), "delivered"),
    "ledger": (("ledger", INPUT), LEDGER, "in balance"),
    "dead list": (("dead", "list"), (READER, topic(names.DEAD, READ)), "framing"),
    "dead show": (("dead", "show", f"{INPUT}/0/1"), (READER, topic(names.DEAD, READ)), "framing"),
    "dead replay": (("dead", "replay", "--again"), DEAD_REPLAY, "replayed"),
    "tail": (TAIL, (READER, topic(SCORES, READ)), "ztf"),
    "tail of a group": ((*TAIL, "--group", "us"), (topic(SCORES, READ), (ResourceType.GROUP, "us", READ)), ""),
    "history rebuild": (("history", "rebuild"), (READER, topic(names.EMBEDDINGS, READ)), "is empty"),
    "index": (("index", "--once"), (READER, topic(names.EMBEDDINGS, READ)), ""),
    "index rollback": (
        ("index", "rollback", "--survey", "ztf", "--version", "{version}"),
        (READER, topic(names.INDEX, READ), topic(names.INDEX, WRITE)),
        "version",
    ),
}


@pytest.fixture(scope="module")
def kafka() -> Iterator[SecureKafka]:
    """It has all topics but those of the index and of surveys to come."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    with SecureKafka() as kafka:
        kafka.create(INPUT, MIRRORED, names.REPLAY, names.POSITIONS, *OUTPUTS)
        yield kafka


@pytest.fixture(scope="module")
def worked(kafka: SecureKafka) -> WorkerThread:
    """A worker with the least rights, after it annotated one of two packets: the other one is none."""
    producer = Producer({**kafka.client("admin"), "log_level": 0})
    for packet in (next(iter(simulate("ztf", 1))).packet, b"no packet"):
        producer.produce(INPUT, packet)
    assert producer.flush(WITHIN) == 0
    kafka.allow(RUN)
    # A rule takes a moment until it holds.
    wait_until(lambda: _refused(lambda: check_topics(settings(kafka))) is None)
    with WorkerThread(settings(kafka)) as worker:
        wait_until(lambda: worker.error or worker.metric("sosia_alerts_total", survey="ztf", outcome="dead"))
    return worker


@pytest.fixture(scope="module")
def files(kafka: SecureKafka, worked: WorkerThread, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A packet, the settings of a user who is let in, and a version of the index that was announced."""
    assert worked.error is None
    folder = tmp_path_factory.mktemp("secure")
    packet, config = folder / "packet.avro", folder / "sosia.toml"
    packet.write_bytes(next(iter(simulate("ztf", 1))).packet)
    options = "".join(f"{json.dumps(key)} = {json.dumps(value)}\n" for key, value in kafka.security().items())
    config.write_text(
        f"[history]\nurl = {json.dumps(f'sqlite:{folder}/history.db')}\n"
        f"[index]\nurl = {json.dumps(str(folder / 'store'))}\nfolder = {json.dumps(str(folder / 'built'))}\n"
        f"[kafka]\nbootstrap_servers = {json.dumps(kafka.bootstrap)}\n[kafka.client]\n{options}"
    )
    version = new_version({**kafka.client("admin"), "log_level": "0"}, folder, seed=1)
    return {"packet": packet, "config": config, "version": version}


def settings(kafka: SecureKafka, source: str | None = None) -> Settings:
    return Settings(
        kafka={"bootstrap_servers": kafka.bootstrap, "group": GROUP, "client": kafka.security()},
        worker={"name": WORKER, "batch_deadline_s": 0.05},
        input={"surveys": [{"survey": "ztf", "topics": [INPUT]}]},
        mirror={"source": source, "topics": [MIRRORED]},
    )


def call(files: dict[str, object], arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says."""
    words = [word.format(**files) for word in arguments]
    with contextlib.suppress(SystemExit):
        main([*words, "--config", str(files["config"])])
    out, error = capsys.readouterr()
    assert "sosia-secret" not in out + error
    return out + error


def names_it(right: Right, said: str) -> bool:
    """Whether a message tells which right is missing."""
    kind, name, operation = right
    # An auditor is shown no topics but those that it may read.
    unknown = ["sosia.SURVEY.annotated.v1"] if right == topic(ANNOTATED, READ) else []
    return any(lacking(operation, kind, one) in " ".join(said.split()) for one in (name, *unknown))


def test_a_worker_works_with_the_least_rights(worked: WorkerThread) -> None:
    assert worked.error is None
    for outcome in ("annotated", "dead"):
        assert worked.metric("sosia_alerts_total", survey="ztf", outcome=outcome) == 1


@pytest.mark.parametrize("missing", [right for right in RUN if right[0] is ResourceType.TOPIC], ids=lambda one: one[1])
def test_a_worker_does_not_start_without_a_right_to_a_topic(missing: Right, kafka: SecureKafka) -> None:
    kafka.allow(right for right in RUN if right != missing)
    wait_until(lambda: names_it(missing, _refused(lambda: check_topics(settings(kafka))) or ""))


def test_a_worker_that_is_to_use_the_index_needs_the_right_to_its_topic(kafka: SecureKafka, tmp_path: Path) -> None:
    using = settings(kafka).model_copy(update={"index": Settings(index={"cache": tmp_path}).index})
    right = topic(names.INDEX, READ)
    kafka.allow([*RUN, right])
    wait_until(lambda: _refused(lambda: check_topics(using)) is None)
    kafka.allow(RUN)
    wait_until(lambda: names_it(right, _refused(lambda: check_topics(using)) or ""))


@pytest.mark.parametrize("missing", RUN[-2:], ids=lambda one: one[1])
def test_a_worker_ends_without_its_other_rights(missing: Right, kafka: SecureKafka) -> None:
    kafka.allow(right for right in RUN if right != missing)

    def ended() -> bool:
        with WorkerThread(settings(kafka)) as worker:
            worker.join()
        return names_it(missing, str(worker.error))

    wait_until(ended)


def test_a_missing_output_topic_is_made_where_that_is_allowed_and_named_where_not(kafka: SecureKafka) -> None:
    further = settings(kafka).model_copy(
        update={"input": Settings(input={"surveys": [{"survey": "lsst", "topics": [INPUT]}]}).input}
    )
    rights = (*RUN, *(topic(name, WRITE) for name in (names.annotated("lsst"), names.scores("lsst"))))
    kafka.allow(rights)
    wait_until(lambda: "no topic sosia.lsst.annotated.v1" in (_refused(lambda: check_topics(further)) or ""))
    create = (topic(name, AclOperation.CREATE) for name in (names.annotated("lsst"), names.scores("lsst")))
    kafka.allow([*rights, *create])
    wait_until(lambda: _refused(lambda: check_topics(further)) is None)
    kafka.allow(rights)
    check_topics(further)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_needs_its_rights_and_no_others(
    name: str, kafka: SecureKafka, files: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, rights, done = COMMANDS[name]
    kafka.allow(rights)
    # A rule takes a moment until it holds.
    wait_until(lambda: done in (said := call(files, arguments, capsys)) and "no right" not in said)
    for missing in rights:
        if missing != READER:
            kafka.allow(right for right in rights if right != missing)
            wait_until(lambda: names_it(missing, call(files, arguments, capsys)))  # noqa: B023  it is waited for


def test_a_mirror_needs_its_rights_and_no_others(kafka: SecureKafka) -> None:
    with LocalKafka() as foreign:
        source = Cluster(foreign)
        source.create(MIRRORED)
        kafka.allow(MIRROR)
        wait_until(lambda: _mirror(kafka, source) is None)
        for missing in MIRROR[1:]:
            kafka.allow(right for right in MIRROR if right != missing)
            wait_until(lambda: names_it(missing, _mirror(kafka, source) or ""))  # noqa: B023  it is waited for


def _mirror(kafka: SecureKafka, source: Cluster) -> str | None:
    """Mirror one more record; returns why that was refused, if it was."""
    source.produce([b"a record"], MIRRORED)
    mirror = Mirror(settings(kafka, source.kafka.bootstrap), utc_now)
    ended: list[str | None] = []
    thread = threading.Thread(target=lambda: ended.append(_refused(mirror.run)))
    thread.start()
    wait_until(lambda: ended or mirror.mirrored)
    mirror.stop()
    thread.join()
    return ended[0]


def test_the_page_needs_its_rights_and_no_others(kafka: SecureKafka, worked: WorkerThread) -> None:
    assert worked.error is None
    rights = (READER, topic(SCORES, READ))
    for allowed in (rights, (READER,)):
        kafka.allow(allowed)
        board = Board(10)
        with Feed(board, kafka.client(), ["ztf"], None):
            right = topic("sosia.SURVEY.scores.v1", READ)
            if allowed == rights:
                wait_until(lambda: len(board.entries()) == 1)  # noqa: B023  it is waited for
            else:
                wait_until(lambda: names_it(right, board.problem or ""))  # noqa: B023


def _refused(action: Callable[[], object]) -> str | None:
    """What it is refused for, if it is."""
    try:
        action()
    except ConfigurationError as error:
        return str(error)
    return None
