"""Refuses bootstrap servers of different clusters.

A transaction commits offsets only in its producer's own cluster. With two in the list a worker would read from
whichever answered first and write to whichever answered its producer, and lose or double records at the first crash.
"""

from __future__ import annotations

from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger()

#: Longest wait for one server [s].
ASK_SECONDS = 5.0


def refuse_two_clusters(config: Mapping[str, str]) -> None:
    """Ask each bootstrap server for its cluster's id, and refuse two different ones.

    Servers that do not answer are passed over: one that is down is why a list has several.

    Parameters
    ----------
    config : mapping of str to str
        Options of a client, from `KafkaSettings.client_config`.

    Raises
    ------
    ConfigurationError
        The servers belong to different clusters.
    """
    servers = [server.strip() for server in config["bootstrap.servers"].split(",") if server.strip()]
    if len(servers) == 1:
        return
    found: dict[str, str] = {}
    for server in servers:
        cluster = _cluster_id({**config, "bootstrap.servers": server})
        if cluster is not None:
            found[server] = cluster
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{server} ({cluster})" for server, cluster in found.items())
        raise ConfigurationError(
            f"kafka.bootstrap_servers names servers of different clusters: {listed}; a worker knows one cluster, since "
            "a transaction spans only one. Name servers of one, and bring the other's topics in with `sosia mirror`"
        )


def _cluster_id(config: Mapping[str, str]) -> str | None:
    admin = AdminClient({**config, "log_level": 0})  # held until the answer: without its client a future fails
    try:
        answer = admin.describe_cluster(request_timeout=ASK_SECONDS).result(2 * ASK_SECONDS)
    except (KafkaException, FutureTimeoutError) as error:
        log.warning("bootstrap server does not answer", server=config["bootstrap.servers"], error=str(error))
        return None
    return str(answer.cluster_id)
