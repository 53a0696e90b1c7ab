from __future__ import annotations

import pytest

from consumers.worker.clusters import refuse_two_clusters
from ops.java_server import free_ports
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigurationError


def test_servers_of_two_clusters_are_refused(kafka: LocalKafka) -> None:
    with LocalKafka() as other, pytest.raises(ConfigurationError, match="different clusters"):
        refuse_two_clusters({"bootstrap.servers": f"{kafka.bootstrap}, {other.bootstrap}"})


def test_servers_of_one_cluster_are_taken_though_some_are_down(
    kafka: LocalKafka, capsys: pytest.CaptureFixture[str]
) -> None:
    (down,) = free_ports(1)
    refuse_two_clusters({"bootstrap.servers": f"{kafka.bootstrap},127.0.0.1:{down},{kafka.bootstrap}"})
    assert f"127.0.0.1:{down}" in capsys.readouterr().out
