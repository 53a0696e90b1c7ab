"""A real Apache Kafka on this machine: one KRaft node, on the Java that the project brings along.

::

    with LocalKafka() as kafka:
        kafka.create_topics({"alerts": 4})
        Producer({"bootstrap.servers": kafka.bootstrap})

``python -m ops.local_kafka [DIR]`` runs one until Ctrl-C; with a folder, the data stay in it.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from ops.artifacts import jars
from ops.block import InBlock
from ops.errors import ServerError
from ops.java_server import JavaServer, free_ports, run_once

VERSION = "4.4.0"
#: The largest record, and request of a client, in bytes; surveys' own brokers allow as much.
MAX_BYTES = 10_485_760
#: What Java's log says of it.
_PORT_TAKEN = "Address already in use"

log = structlog.get_logger()


class LocalKafka(InBlock):
    """A Kafka broker that lives as long as a ``with`` block, or until `stop`.

    From its first start on its address stays the same over `stop` and `start`, and so do its data until the block ends.

    Parameters
    ----------
    data_dir : Path, optional
        Where to keep data, configuration and log; kept for another broker to go on with. By default a
        temporary folder, removed at the end.
    keep : bool, optional
        Keep the temporary folder too.
    cache : Path, optional
        Where Kafka's jars are kept; by default `ops.artifacts.default_cache`.
    start_within : float, optional
        The most seconds to wait until the broker answers.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        keep: bool = False,
        cache: Path | None = None,
        start_within: float = 180.0,
    ) -> None:
        self.keep = keep or data_dir is not None
        self.data_dir = (data_dir or Path(tempfile.mkdtemp(prefix="sosia-kafka-"))).resolve()
        self._cache = cache
        self._start_within = start_within
        self._server: JavaServer | None = None
        self._choose_ports()

    def _choose_ports(self) -> None:
        self.port, self._controller_port = free_ports(2)
        # Kept for the broker's life: an AdminClient that is collected fails the futures it still owes.
        self._admin = quiet_admin(self.bootstrap)

    @property
    def bootstrap(self) -> str:
        """What clients set as ``bootstrap.servers``."""
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the broker's process is there."""
        return self._server is not None and self._server.running

    @property
    def pid(self) -> int | None:
        """The broker's process id, or None where it was not started."""
        return self._server.pid if self._server is not None else None

    def start(self) -> None:
        """Start the broker, on the data there are, and return when it answers.

        Raises
        ------
        FetchError
            When Kafka's jars are not in the cache and cannot be fetched.
        ServerError
            When the broker does not start; with the end of its log.
        """
        if self.running:
            raise ServerError(f"Kafka is running already, as process {self.pid}")
        first = self._server is None
        try:
            self._start()
        except ServerError as error:
            if not first or _PORT_TAKEN not in str(error):
                raise
            log.warning("a port was taken before Kafka had it: it starts with others", port=self.port)
            self._choose_ports()
            self._start()

    def _start(self) -> None:
        self._server = prepare(self.data_dir, (self.port, self._controller_port), cluster_id(), self._cache)
        self._server.start(lambda: answers(self._admin), self._start_within)

    def stop(self, within: float = 30.0) -> None:
        """Stop the broker cleanly; its data stay.

        Parameters
        ----------
        within : float, optional
            Seconds after which it is killed instead.
        """
        if self._server is not None:
            self._server.stop(within)

    def kill(self) -> None:
        """Kill the broker (SIGKILL); its data stay, as they are.

        A commit that returned milliseconds before may be hidden from readers of committed records until
        the same ``transactional.id`` commits to that partition again: a lone node, before it is elected
        once more, takes a partition without a leader for a deleted one and drops the commit's marker.
        """
        if self._server is not None:
            self._server.kill()

    def close(self) -> None:
        """Stop the broker and remove its data, unless they are to be kept."""
        self.stop()
        if not self.keep:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def create_topics(
        self, partitions: Mapping[str, int], config: Mapping[str, str] | None = None, within: float = 90.0
    ) -> None:
        """Create topics and wait until clients can see them.

        Parameters
        ----------
        partitions : mapping of str to int
            How many partitions each topic gets.
        config : mapping of str to str, optional
            Settings for all of them, such as ``{"cleanup.policy": "compact"}``.
        within : float, optional
            The most seconds to wait.

        Raises
        ------
        confluent_kafka.KafkaException
            When Kafka refuses one, for instance because it exists.
        ServerError
            When they are not there in time.
        """
        deadline = time.monotonic() + within
        topics = [
            NewTopic(name, num_partitions=count, replication_factor=1, config=dict(config or {}))
            for name, count in partitions.items()
        ]
        for creation in self._admin.create_topics(topics).values():
            creation.result(within)
        while missing := partitions.keys() - self._admin.list_topics(timeout=within).topics.keys():
            if time.monotonic() > deadline:
                raise ServerError(f"Kafka does not show the topics {sorted(missing)} after {within:g} s")


def quiet_admin(bootstrap: str) -> AdminClient:
    """Return a client that says nothing, and is quick to try again, since servers come and go."""
    return AdminClient(
        {
            "bootstrap.servers": bootstrap,
            "log_level": 0,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 250,
        }
    )


def answers(admin: AdminClient) -> bool:
    """Whether a broker answers."""
    try:
        return bool(admin.list_topics(timeout=1).brokers)
    except KafkaException:  # it does not listen yet
        return False


def prepare(
    folder: Path,
    ports: tuple[int, int],
    cluster: str,
    cache: Path | None,
    further: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
    formatting: Sequence[str] = (),
) -> JavaServer:
    """Write a node's properties, format its storage where that is not done, and return it, not yet started.

    Parameters
    ----------
    folder : Path
        Of the node alone.
    ports : (int, int)
        For clients and for the controllers.
    cluster : str
        From `cluster_id`; one that is formatted keeps its own.
    cache : Path or None
        Where the jars are.
    further : mapping of str to str, optional
        Properties beside those of one lone node, or instead of them.
    flags : sequence of str, optional
        For Java, beside the usual ones.
    formatting : sequence of str, optional
        Further arguments of Kafka's storage tool, such as ``--add-scram``.

    Raises
    ------
    ServerError
        Another Kafka runs on that folder.
    """
    logs = folder / "data"
    _refuse_to_share(logs)
    class_path = os.pathsep.join(str(jar) for jar in jars(f"kafka-{VERSION}", cache))
    java_arguments = [
        *flags,
        # Kafka and its compressors reach for memory in a way of which Java warns in five lines at each start.
        "--sun-misc-unsafe-memory-access=allow",
        "--enable-native-access=ALL-UNNAMED",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
        "-cp",
        class_path,
    ]
    logs.mkdir(parents=True, exist_ok=True)
    log_file = folder / "server.log"
    properties = folder / "server.properties"
    template = files("ops").joinpath("kafka.properties").read_text(encoding="utf-8")
    port, controller_port = ports
    text = template.format(port=port, controller_port=controller_port, log_dirs=logs, max_bytes=MAX_BYTES)
    text += "".join(f"\n{key}={value}" for key, value in (further or {}).items())  # of two lines Java takes the last
    properties.write_text(text, encoding="utf-8")
    if not (logs / "meta.properties").exists():
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties), *formatting]
        run_once("Kafka's storage tool", [*java_arguments, *tool], log_file)
    return JavaServer("Kafka", [*java_arguments, "kafka.Kafka", str(properties)], log_file)


def _refuse_to_share(logs: Path) -> None:
    """Look whether another Kafka holds its lock: a second one writes into the metadata before it looks for itself."""
    with contextlib.suppress(FileNotFoundError), (logs / ".lock").open("rb+") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given back as the file is closed
        except OSError as error:
            raise ServerError(f"another Kafka runs on {logs.parent}: stop it, or name another folder") from error


def cluster_id() -> str:
    """Return a new cluster's id."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def main(arguments: list[str]) -> None:
    """Run a broker until SIGINT or SIGTERM; print its address first."""
    with LocalKafka(Path(arguments[0]) if arguments else None) as kafka:
        asked_to_stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: asked_to_stop.set())
        sys.stdout.write(f"{kafka.bootstrap}\n")
        sys.stdout.flush()
        asked_to_stop.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
