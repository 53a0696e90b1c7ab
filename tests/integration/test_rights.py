"""The least rights of each command: with them it works, and with one fewer it fails, and names what is missing."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import ResourceType

from consumers import names
from consumers.assembly import utc_now
from consumers.cli import main
from consumers.mirror.mirror import Mirror
from consumers.page.board import Board
from consumers.page.feed import Feed
from consumers.page.look_alikes import LookAlikes
from consumers.page.packets import Packets
from consumers.page.pictures import Pictures
from consumers.rights import lacking
from consumers.settings import Settings
from consumers.worker.preflight import check_topics
from models.simulate.stream import simulate
from ops.local_kafka import LocalKafka
from schemas.errors import SosiaError
from tests.broker.novelty.rows import row, sightings
from tests.chaos.index import new_version
from tests.integration.least_rights import (
    ANNOTATED,
    COMMANDS,
    CREATE,
    GROUP,
    INPUT,
    MIRROR,
    MIRRORED,
    OUTPUTS,
    READ,
    RUN,
    SCORES,
    WORKER,
    WRITE,
    topic,
)
from tests.integration.secure_kafka import Right, SecureKafka
from tests.integration.workers import WITHIN, Cluster, WorkerThread, wait_until


@pytest.fixture(scope="module")
def kafka(program: Callable[..., str]) -> Iterator[SecureKafka]:
    """It has all topics but those of the index and of surveys to come."""
    program("openssl")
    with SecureKafka() as kafka:
        kafka.create(INPUT, MIRRORED, names.REPLAY, names.POSITIONS, *OUTPUTS)
        yield kafka


@pytest.fixture(scope="module")
def foreign() -> Iterator[Cluster]:
    """A cluster where anyone may do anything."""
    with LocalKafka() as kafka:
        cluster = Cluster(kafka)
        cluster.create(MIRRORED)
        yield cluster


@pytest.fixture(scope="module")
def worked(kafka: SecureKafka) -> WorkerThread:
    """A worker with the least rights, after it annotated one of two packets: the other one is none."""
    publish(kafka, INPUT, next(iter(simulate("ztf", 1))).packet, b"no packet")
    kafka.allow(RUN)
    # A rule takes a moment until it holds.
    wait_until(lambda: _refused(lambda: check_topics(settings(kafka))) is None)
    with WorkerThread(settings(kafka)) as worker:
        wait_until(lambda: worker.error or worker.metric("sosia_alerts_total", survey="ztf", outcome="dead"))
    return worker


@pytest.fixture(scope="module")
def files(kafka: SecureKafka, worked: WorkerThread, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A packet, the settings of a user who is let in, an announced version of the index, and rows for another one."""
    assert worked.error is None
    publish(kafka, names.EMBEDDINGS, *map(row, sightings(60)))
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
    return {"packet": packet, "config": config, "version": version, "indexes": folder / "built"}


def publish(kafka: SecureKafka, name: str, *values: bytes) -> None:
    producer = Producer({**kafka.client("admin"), "log_level": 0})
    for value in values:
        producer.produce(name, value)
    assert producer.flush(WITHIN) == 0


def settings(kafka: SecureKafka) -> Settings:
    return Settings(
        kafka={"bootstrap_servers": kafka.bootstrap, "group": GROUP, "client": kafka.security()},
        worker={"name": WORKER, "batch_deadline_s": 0.05},
        input={"surveys": [{"survey": "ztf", "topics": [INPUT]}]},
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
    create = [topic(name, CREATE) for name in (names.annotated("lsst"), names.scores("lsst"))]
    assert names_it(create[0], _refused(lambda: check_topics(further)) or "")
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
        kafka.allow(right for right in rights if right != missing)
        wait_until(lambda: names_it(missing, call(files, arguments, capsys)))  # noqa: B023  it is waited for


def test_a_replay_makes_its_topic_where_that_is_allowed(
    kafka: SecureKafka, files: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, create = ("replay", "{packet}", "--topic", "made", "--partitions", "1"), topic("made", CREATE)
    kafka.allow([topic("made", WRITE)])
    wait_until(lambda: names_it(create, call(files, arguments, capsys)))
    kafka.allow([topic("made", WRITE), create])
    wait_until(lambda: "delivered" in call(files, arguments, capsys))


def test_a_mirror_needs_its_rights_here_and_no_others(kafka: SecureKafka, foreign: Cluster) -> None:
    mirror = Settings(mirror={"source": foreign.kafka.bootstrap, "topics": [MIRRORED]}).mirror
    here = settings(kafka).model_copy(update={"mirror": mirror})

    def said() -> str | None:
        foreign.produce([b"a record"], MIRRORED)
        return _mirrored(here)

    kafka.allow(MIRROR)
    wait_until(lambda: said() is None)
    for missing in MIRROR:
        kafka.allow(right for right in MIRROR if right != missing)
        wait_until(lambda: names_it(missing, said() or ""))  # noqa: B023  it is waited for


def test_a_mirror_needs_the_right_to_read_its_source_and_no_other(kafka: SecureKafka, foreign: Cluster) -> None:
    there = Settings(
        kafka={"bootstrap_servers": foreign.kafka.bootstrap},
        mirror={"source": kafka.bootstrap, "client": kafka.security(), "name": "secure", "topics": [INPUT]},
    )

    def said() -> str | None:
        publish(kafka, INPUT, b"a record")
        return _mirrored(there)

    right = topic(INPUT, READ)
    kafka.allow([right])
    wait_until(lambda: said() is None)
    kafka.allow([])
    wait_until(lambda: names_it(right, said() or ""))


def _mirrored(all_settings: Settings) -> str | None:
    """Mirror what is new; returns why that was refused, if it was."""
    mirror = Mirror(all_settings, utc_now)
    ended: list[str | None] = []
    thread = threading.Thread(target=lambda: ended.append(_refused(mirror.run)))
    thread.start()
    wait_until(lambda: ended or mirror.mirrored)
    mirror.stop()
    thread.join(WITHIN)
    return ended[0]


def test_the_page_needs_its_rights_and_no_others(
    kafka: SecureKafka, worked: WorkerThread, files: dict[str, object]
) -> None:
    assert worked.error is None
    board, packets = Board(10), Packets(kafka.client())
    look_alikes, pictures = LookAlikes(Path(str(files["indexes"])), packets, None), Pictures(packets, None)
    rights = [topic(name, READ) for name in (SCORES, ANNOTATED, names.EMBEDDINGS)]

    def without(missing: Right) -> None:
        kafka.allow(right for right in rights if right != missing)

    kafka.allow(rights)
    with contextlib.closing(packets):
        with Feed(board, kafka.client(), ["ztf"], None):
            wait_until(board.entries)
        (entry,) = board.entries()
        wait_until(lambda: _refused(lambda: packets.find(entry)) is None)
        picture = pictures.triplet(entry)
        assert packets.find(entry) is not None
        wait_until(lambda: "holds no embedding of this alert" in (_refused(lambda: look_alikes.find(entry)) or ""))
        without(topic(names.EMBEDDINGS, READ))
        wait_until(lambda: names_it(topic(names.EMBEDDINGS, READ), _refused(lambda: look_alikes.find(entry)) or ""))
        without(topic(ANNOTATED, READ))
        wait_until(lambda: names_it(topic(ANNOTATED, READ), _refused(lambda: packets.find(entry)) or ""))
        assert Pictures(packets, None).triplet(entry) != picture  # it says so
    without(topic(SCORES, READ))
    with Feed(board, kafka.client(), ["ztf"], None):
        wait_until(lambda: names_it(topic(SCORES, READ), board.problem or ""))


def _refused(action: Callable[[], object]) -> str | None:
    """What it is refused for, if it is."""
    try:
        action()
    except SosiaError as error:
        return str(error)
    return None
