"""A real Kafka of several nodes on this machine, each of which may be killed, frozen and started again by itself.

::

    with LocalCluster() as cluster:
        cluster.create_topics({"alerts": 4})
        cluster.kill(0)
        cluster.start_node(0)

Each node is controller and broker. Every record is on all three, and written once two of them have it: so one may be
away at any time, and with two away nothing is written and nothing is lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from ops.block import InBlock
from ops.errors import ServerError
from ops.java_server import POLL, JavaServer, free_ports
from ops.local_kafka import answers, cluster_id, prepare, quiet_admin

NODES = 3
#: Of one node; three fit beside the rest of a small machine.
MEMORY = "-Xmx256m"


class LocalCluster(InBlock):
    """A cluster that lives as long as a ``with`` block.

    Parameters
    ----------
    data_dir : Path, optional
        Where to keep data, configuration and logs. By default a temporary folder, removed at the end.
    start_within : float, optional
        The most seconds to wait until all nodes are there.
    """

    def __init__(self, data_dir: Path | None = None, *, start_within: float = 180.0) -> None:
        self._keep = data_dir is not None
        self.data_dir = (data_dir or Path(tempfile.mkdtemp(prefix="sosia-cluster-"))).resolve()
        ports = free_ports(2 * NODES)
        self._ports = list(zip(ports[:NODES], ports[NODES:], strict=True))
        self._start_within = start_within
        self._nodes: list[JavaServer] = []
        self._admin = quiet_admin(self.bootstrap)

    @property
    def bootstrap(self) -> str:
        """What clients set as ``bootstrap.servers``."""
        return ",".join(f"127.0.0.1:{port}" for port, _ in self._ports)

    def start(self) -> None:
        """Start all nodes and return when each has joined.

        Raises
        ------
        FetchError
            When Kafka's jars are not in the cache and cannot be fetched.
        ServerError
            When a node does not start.
        """
        cluster = cluster_id()
        voters = ",".join(f"{number + 1}@127.0.0.1:{port}" for number, (_, port) in enumerate(self._ports))
        for number, ports in enumerate(self._ports):
            further = {"node.id": str(number + 1), "controller.quorum.voters": voters, **_REPLICATED}
            folder = self.data_dir / f"node-{number}"
            self._nodes.append(prepare(folder, ports, cluster, None, further, [MEMORY]))
        for node in self._nodes:  # a lone one does not answer: the controllers elect one of their majority
            node.start(lambda: True, self._start_within)
        self.wait_whole()

    def kill(self, number: int) -> None:
        """Kill a node (SIGKILL); its data stay, as they are."""
        self._nodes[number].kill()

    def start_node(self, number: int) -> None:
        """Start a node that was killed and return when it answers; `wait_whole` tells when it has caught up.

        Where too many others are away it cannot answer, and is not waited for.
        """
        admin = quiet_admin(f"127.0.0.1:{self._ports[number][0]}")
        enough = 2 * sum(node.running for node in self._nodes) + 2 > NODES
        self._nodes[number].start(lambda: not enough or answers(admin), self._start_within)

    def freeze(self, number: int) -> None:
        """Stop a node's process where it is, connections open (SIGSTOP)."""
        os.kill(self._pid(number), signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        """Let a frozen node go on."""
        os.kill(self._pid(number), signal.SIGCONT)

    def wait_whole(self) -> None:
        """Wait until every node is there, and every partition on all of them.

        Raises
        ------
        ServerError
            It does not come about.
        """
        deadline = time.monotonic() + self._start_within
        while not self._whole():
            if time.monotonic() > deadline:
                logs = "".join(node.tail() for node in self._nodes)
                raise ServerError(f"the cluster is not whole after {self._start_within:g} s.{logs}")
            time.sleep(POLL)

    def create_topics(self, partitions: Mapping[str, int], config: Mapping[str, str] | None = None) -> None:
        """Create topics, on all nodes, and wait until clients can see them."""
        topics = [NewTopic(name, num_partitions=count, config=dict(config or {})) for name, count in partitions.items()]
        for creation in self._admin.create_topics(topics).values():
            creation.result(self._start_within)
        self.wait_whole()

    def close(self) -> None:
        """Kill the nodes and remove their data, unless they are to be kept."""
        for node in self._nodes:
            node.kill()
        if not self._keep:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def _pid(self, number: int) -> int:
        pid = self._nodes[number].pid
        assert pid is not None  # a node that runs
        return pid

    def _whole(self) -> bool:
        for node in self._nodes:
            if not node.running:
                raise ServerError(f"a node has died.{node.tail()}")
        try:
            found = self._admin.list_topics(timeout=1)
        except KafkaException:  # not there yet
            return False
        isrs: Sequence[int] = [
            len(partition.isrs) for topic in found.topics.values() for partition in topic.partitions.values()
        ]
        return len(found.brokers) == NODES and all(count == NODES for count in isrs)


_REPLICATED = {
    "default.replication.factor": str(NODES),
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": str(NODES),
    "transaction.state.log.replication.factor": str(NODES),
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": str(NODES),
    "share.coordinator.state.topic.min.isr": "2",
}
