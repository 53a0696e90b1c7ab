"""A real broker: transactions, restarts, what it keeps and what it leaves behind."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer

from ops.errors import ServerError
from ops.java_server import free_ports
from ops.local_kafka import MAX_BYTES, LocalKafka

ROOT = Path(__file__).parents[2]
#: Longest wait for anything [s]; long, since only a test that fails waits so long, and machines are crowded.
WITHIN = 180.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    with LocalKafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


def produce(broker: LocalKafka, topic: str, values: list[bytes], *, commit: bool = True) -> None:
    producer = Producer(
        {
            "bootstrap.servers": broker.bootstrap,
            "transactional.id": topic,
            "retry.backoff.ms": 10,
            "message.max.bytes": MAX_BYTES,
            "log_level": 0,
        }
    )
    producer.init_transactions(WITHIN)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value)
    producer.flush(WITHIN)
    if commit:
        producer.commit_transaction(WITHIN)
    else:
        producer.abort_transaction(WITHIN)


def consume(broker: LocalKafka, topic: str, count: int, isolation: str = "read_committed") -> list[bytes]:
    """Read a topic's first records.

    The end of the partition is no sign to stop at: a committed transaction may become visible only
    after its commit has returned, and after a kill not before the restarted broker has finished it.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": f"reader-of-{topic}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation,
            "log_level": 0,
        }
    )
    consumer.subscribe([topic])
    values: list[bytes] = []
    deadline = time.monotonic() + WITHIN
    try:
        while len(values) < count and time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is None:
                continue
            assert message.error() is None
            value = message.value()
            assert isinstance(value, bytes)
            values.append(value)
    finally:
        consumer.close()
    return values


def test_committed_transaction_is_read_and_aborted_one_is_not(broker: LocalKafka) -> None:
    broker.create_topics({"isolated": 1})
    produce(broker, "isolated", [b"aborted"], commit=False)
    produce(broker, "isolated", [b"one", b"two"])
    assert consume(broker, "isolated", 2) == [b"one", b"two"]
    assert consume(broker, "isolated", 3, "read_uncommitted") == [b"aborted", b"one", b"two"]


def test_records_survive_a_stop_and_a_kill_at_the_same_address(broker: LocalKafka) -> None:
    broker.create_topics({"kept": 1})
    address = broker.bootstrap
    produce(broker, "kept", [b"before the stop"])
    broker.stop()
    assert not broker.running
    broker.start()
    produce(broker, "kept", [b"before the kill"])
    assert len(consume(broker, "kept", 2)) == 2  # its marker is written, see LocalKafka.kill
    broker.kill()
    assert not broker.running
    broker.start()
    assert broker.bootstrap == address
    assert consume(broker, "kept", 2) == [b"before the stop", b"before the kill"]


def test_another_broker_goes_on_with_a_kept_folder(tmp_path: Path) -> None:
    with LocalKafka(tmp_path) as first:
        first.create_topics({"inherited": 1})
        produce(first, "inherited", [b"a record"])
    with LocalKafka(tmp_path) as second:
        assert consume(second, "inherited", 1) == [b"a record"]


def test_large_record_passes(broker: LocalKafka) -> None:
    broker.create_topics({"large": 1})
    record = os.urandom(5_000_000)
    produce(broker, "large", [record])
    assert consume(broker, "large", 1) == [record]


def test_topics_have_the_partitions_and_settings_asked_for(broker: LocalKafka) -> None:
    broker.create_topics({"one": 1, "many": 5}, {"cleanup.policy": "compact"})
    topics = Producer({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=WITHIN).topics
    assert {name: len(topics[name].partitions) for name in ("one", "many")} == {"one": 1, "many": 5}
    with pytest.raises(KafkaException, match="TOPIC_ALREADY_EXISTS"):
        broker.create_topics({"one": 1})


def test_mistyped_topic_is_not_created(broker: LocalKafka) -> None:
    client = Producer({"bootstrap.servers": broker.bootstrap, "log_level": 0})
    client.list_topics("mistyped", timeout=WITHIN)
    assert "mistyped" not in client.list_topics(timeout=WITHIN).topics


def test_starting_twice_is_refused_and_does_not_disturb_the_first(broker: LocalKafka) -> None:
    with pytest.raises(ServerError, match="running already"):
        broker.start()
    assert broker.running


def test_a_second_broker_on_the_same_folder_is_refused_and_touches_nothing(broker: LocalKafka) -> None:
    """Kafka itself would write into the first one's metadata before it finds the folder locked."""
    properties = (broker.data_dir / "server.properties").read_bytes()
    second = LocalKafka(broker.data_dir)
    with pytest.raises(ServerError, match="another Kafka runs on"):
        second.start()
    assert not second.running
    assert broker.running
    assert (broker.data_dir / "server.properties").read_bytes() == properties


def test_failed_start_quotes_the_log_and_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\ncluster.id=another\nnode.id=7\n")
    broker = LocalKafka(tmp_path)
    with pytest.raises(ServerError, match=r"(?s)ended with code 1 at start.*node id 7"):
        broker.start()
    assert not broker.running


def test_temporary_data_go_with_the_broker_unless_kept() -> None:
    broker = LocalKafka()
    assert broker.data_dir.is_dir()
    broker.close()
    assert not broker.data_dir.exists()


def test_ports_are_free_and_below_the_ephemeral_range() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert all(20_000 <= port < 32_000 for port in ports)


def test_a_port_that_somebody_takes_before_the_first_start_is_given_up() -> None:
    broker = LocalKafka()
    taken = broker.port
    with socket.create_server(("127.0.0.1", taken)), broker:
        assert taken not in (broker.port, broker._controller_port)
        broker.create_topics({"alerts": 1})


def test_a_brokers_own_port_is_never_given_up(broker: LocalKafka) -> None:
    """Its clients know it by its address."""
    broker.stop()
    with socket.create_server(("127.0.0.1", broker.port)), pytest.raises(ServerError, match="already in use"):
        broker.start()
    broker.start()
    broker.create_topics({"at-the-old-address": 1})


def test_interrupt_ends_the_stand_alone_broker_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ops.local_kafka", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(WITHIN) == 0
    assert (tmp_path / "data" / "meta.properties").exists()
    assert (tmp_path / "data" / ".kafka_cleanshutdown").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="setpriv is a Linux tool")
def test_broker_does_not_outlive_a_killed_program(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ops.local_kafka import LocalKafka\n"
        f"kafka = LocalKafka(Path({str(tmp_path)!r})); kafka.start(); print(kafka.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        broker = os.pidfd_open(int(process.stdout.readline()))
        process.kill()
    try:
        ended, _, _ = select.select([broker], [], [], WITHIN)  # readable once the process has ended
    finally:
        os.close(broker)
    assert ended, "the broker still runs"
