from __future__ import annotations

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from consumers import names
from consumers.bounded_read import topics_of
from consumers.settings import Settings
from consumers.worker.clusters import refuse_two_clusters
from consumers.worker.preflight import check_topics, output_topics
from ops.java_server import free_ports
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigurationError
from tests.integration.workers import WITHIN


def test_servers_of_two_clusters_are_refused(kafka: LocalKafka) -> None:
    with LocalKafka() as other, pytest.raises(ConfigurationError, match="different clusters"):
        refuse_two_clusters({"bootstrap.servers": f"{kafka.bootstrap}, {other.bootstrap}"})


def test_servers_of_one_cluster_are_taken_though_some_are_down(
    kafka: LocalKafka, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (down,) = free_ports(1)
    refuse_two_clusters({"bootstrap.servers": f"{kafka.bootstrap},127.0.0.1:{down},{kafka.bootstrap}"})
    # A test before this one may have set the logs up.
    assert f"127.0.0.1:{down}" in capsys.readouterr().out + caplog.text


def test_output_topics_that_are_missing_are_made_large_enough(kafka: LocalKafka) -> None:
    settings = Settings(
        kafka={"bootstrap_servers": kafka.bootstrap},
        input={"surveys": [{"survey": "made", "topics": ["of-tomorrow"]}]},
        embeddings={"publish": False},
    )
    check_topics(settings)
    check_topics(settings)
    assert set(output_topics(settings)) <= topics_of(settings.kafka.client_config())
    topic = ConfigResource(ConfigResource.Type.TOPIC, names.annotated("made"))
    admin = AdminClient({**settings.kafka.client_config()})
    (answer,) = admin.describe_configs([topic]).values()
    assert int(answer.result(WITHIN)["max.message.bytes"].value) > settings.kafka.message_bytes
