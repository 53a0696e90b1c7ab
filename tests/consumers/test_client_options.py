"""Options that librdkafka is given as they are."""

from __future__ import annotations

import pytest

from tests.consumers.settings_text import Load, refused


def test_client_options_reach_the_clients_as_text(load: Load) -> None:
    settings = load(
        "[kafka.client]\n'security.protocol' = 'SASL_SSL'\nsasl.username = 'sosia'\n"
        "'socket.keepalive.enable' = true\nlog_level = 3\n[kafka.consumer]\n'fetch.wait.max.ms' = 7"
    )
    assert settings.kafka.consumer_config() == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SASL_SSL",
        "sasl.username": "sosia",
        "socket.keepalive.enable": "true",
        "log_level": "3",
        "fetch.wait.max.ms": "7",
    }
    assert "fetch.wait.max.ms" not in settings.kafka.producer_config()


@pytest.mark.parametrize("table", ["kafka.client", "kafka.consumer", "kafka.producer", "mirror.client"])
def test_options_that_librdkafka_does_not_know_are_refused_by_name(table: str, load: Load) -> None:
    assert f"{table}: sasl.pasword is no option" in refused(load, f"[{table}]\n'sasl.pasword' = 'hush'")
    said = refused(load, f"[{table}]\n'security.protocol' = 'hush'")
    assert f"{table}: security.protocol has no such value" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[kafka.consumer]\n'bootstrap.servers' = 'other:9092'", "kafka.consumer.bootstrap.servers"),
        ("[kafka.producer]\nbootstrap_servers = 'other:9092'", "kafka.producer.bootstrap_servers"),
        ("[kafka.client]\n'metadata.broker.list' = 'other:9092'", "kafka.client.metadata.broker.list"),
        ("[input]\nbootstrap.servers = 'other:9092'", "input.bootstrap.servers"),
        ("[output]\nbootstrap_servers = 'other:9092'", "output.bootstrap_servers"),
        (
            "[[input.surveys]]\nsurvey = 'ztf'\ntopics = ['a']\nbootstrap_servers = 'other:9092'",
            "input.surveys.0.bootstrap_servers",
        ),
    ],
)
def test_a_second_cluster_is_refused_wherever_it_hides(load: Load, text: str, key: str) -> None:
    message = refused(load, text)
    assert f"{key} names another cluster" in message
    assert "sosia mirror" in message


def test_a_second_cluster_in_the_environment_is_refused(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOSIA_KAFKA__CONSUMER__BOOTSTRAP_SERVERS", "other:9092")
    assert "sosia mirror" in refused(load, "")


def test_the_same_cluster_named_twice_is_no_second_one(load: Load) -> None:
    settings = load("[kafka]\nbootstrap_servers = 'a:1,b:2'\n[kafka.consumer]\n'bootstrap.servers' = 'B:2, a:1'\n")
    assert settings.kafka.consumer_config() == {"bootstrap.servers": "a:1,b:2"}


@pytest.mark.parametrize("key", ["isolation.level", "enable.auto.commit", "transactional.id", "group.id", "acks"])
def test_options_on_which_exactly_once_rests_are_not_to_be_overridden(load: Load, key: str) -> None:
    assert f"{key} cannot be set here" in refused(load, f"[kafka.client]\n'{key}' = 'x'")
