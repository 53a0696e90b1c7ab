from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.geometry import SkyFrame
from broker.history.sqlite import SqliteHistory
from consumers.assembly import choose_preprocessing, choose_rule, open_surveys
from consumers.cli import main
from consumers.configuration import load_settings
from consumers.settings import EpochSettings, Settings
from schemas.errors import ConfigurationError

Load = Callable[[str], Settings]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    for variable in [name for name in os.environ if name.startswith("SOSIA_")]:
        monkeypatch.delenv(variable)

    def load_text(text: str) -> Settings:
        path = tmp_path / "sosia.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path)

    return load_text


def refused(load: Load, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    return str(caught.value)


def test_an_empty_file_gives_a_worker_for_a_cluster_on_this_machine(load: Load) -> None:
    settings = load("")
    assert settings.kafka.bootstrap_servers == "127.0.0.1:9092"
    assert settings.metrics.host == "127.0.0.1"
    assert settings.worker.batch_size == 64
    assert not settings.registry.registers


def test_class_networks_can_be_switched_off_and_are_known_by_name(load: Load) -> None:
    assert "streak" in load("").classifiers.networks
    assert load("[classifiers]\nnetworks = []").classifiers.networks == ()
    assert "classifiers.networks" in refused(load, '[classifiers]\nnetworks = ["comet"]')
    assert "more than once" in refused(load, '[classifiers]\nnetworks = ["streak", "streak"]')


def test_nothing_is_shed_unless_told(load: Load) -> None:
    assert load("").overload.shed == ()
    assert load("[overload]\nshed = ['lens']\nabove_wait_s = 5").overload.shed == ("lens",)
    assert "overload.shed" in refused(load, "[overload]\nshed = ['everything']")


def test_the_worker_name_is_the_same_at_each_start(load: Load) -> None:
    assert load("").worker.name == load("").worker.name != ""


def test_the_environment_wins_over_the_file(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOSIA_WORKER__BATCH_SIZE", "12")
    monkeypatch.setenv("SOSIA_BACKBONE__WEIGHTS", "some/file.h5")
    settings = load("[worker]\nbatch_size = 3\nqueue_batches = 5")
    assert settings.worker.batch_size == 12
    assert settings.worker.queue_batches == 5
    assert settings.backbone.weights == Path("some/file.h5")


def test_lists_are_json_in_the_environment(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    surveys = [{"survey": "ztf", "patterns": ["ztf_{date}_programid1"], "days": 2}, {"survey": "lsst", "topics": ["a"]}]
    monkeypatch.setenv("SOSIA_INPUT__SURVEYS", json.dumps(surveys))
    ztf, lsst = load("").input.surveys
    assert (ztf.survey, ztf.patterns, ztf.days) == ("ztf", ("ztf_{date}_programid1",), 2)
    assert lsst.topics == ("a",)


def test_every_mistake_is_named_at_once_with_its_key(load: Load) -> None:
    message = refused(load, "[worker]\nbatch_size = 0\n[metrics]\nport = 70000\n[log]\nformat = 'xml'")
    assert "worker.batch_size" in message
    assert "SOSIA_WORKER__BATCH_SIZE" in message
    assert "metrics.port" in message
    assert "log.format" in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[worker]\nbatch_siz = 3", "worker.batch_siz: there is no such key; did you mean 'batch_size'?"),
        ("[kafak]\ngroup = 'a'", "kafak: there is no such key; did you mean 'kafka'?"),
        (
            "[[input.surveys]]\nsurvey = 'ztf'\ntopics = ['a']\ntopic = 'b'",
            "input.surveys.0.topic: there is no such key",
        ),
    ],
)
def test_unknown_keys_are_refused_with_the_nearest_known_one(load: Load, text: str, says: str) -> None:
    assert says in refused(load, text)


def test_unknown_sections_in_the_environment_are_refused(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOSIA_KAFAK__GROUP", "a")
    assert "SOSIA_KAFAK__GROUP: there is no section 'kafak'; did you mean 'kafka'?" in refused(load, "")


@pytest.mark.parametrize("variable", ["SOSIA_KAFKA__GROPU", "sosia_kafka__gropu"])
def test_unknown_keys_in_the_environment_are_refused(
    load: Load, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "a")
    assert "kafka.gropu: there is no such key; did you mean 'group'?" in refused(load, "")


def test_variables_that_are_no_settings_are_left_alone(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOSIA_CACHE", "anywhere")
    assert load("").kafka.group == "sosia"


def test_a_missing_or_broken_file_is_named(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: cannot be read"):
        load_settings(tmp_path / "nowhere.toml")
    assert "sosia.toml: is no TOML" in refused(load, "a = ")


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


def test_a_password_in_the_environment_overrides_the_file_and_never_shows(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOSIA_KAFKA__CLIENT__SASL_PASSWORD", "hush")
    settings = load("[kafka.client]\n'sasl.password' = 'old'")
    assert settings.kafka.client_config()["sasl.password"] == "hush"
    assert "hush" not in repr(settings)
    assert "hush" not in settings.model_dump_json()


def test_secrets_may_be_in_files_of_their_own(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("hush\n")
    settings = load(f"[kafka.client]\n'sasl.password.file' = '{tmp_path}/secret'")
    assert settings.kafka.client_config()["sasl.password"] == "hush"
    monkeypatch.setenv("SOSIA_MIRROR__CLIENT__SASL_PASSWORD_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("SOSIA_HISTORY__PASSWORD_FILE", str(tmp_path / "secret"))
    settings = load("")
    assert settings.mirror.client_config()["sasl.password"] == "hush"
    assert settings.history.password is not None
    assert settings.history.password.get_secret_value() == "hush"
    assert "hush" not in repr(settings)
    monkeypatch.setenv("SOSIA_HISTORY__PASSWORD_FILE", str(tmp_path / "nowhere"))
    assert "password_file: the file cannot be read" in refused(load, "")


@pytest.mark.parametrize("table", ["kafka.client", "kafka.consumer", "kafka.producer", "mirror.client"])
def test_options_that_librdkafka_does_not_know_are_refused_by_name(table: str, load: Load) -> None:
    assert f"{table}: sasl.pasword is no option" in refused(load, f"[{table}]\n'sasl.pasword' = 'hush'")
    said = refused(load, f"[{table}]\n'security.protocol' = 'hush'")
    assert f"{table}: security.protocol has no such value" in said
    assert "hush" not in said


@pytest.mark.parametrize("command", ["run", "mirror", "dead", "ledger", "tail", "page", "index", "history", "replay"])
def test_no_help_shows_a_secret(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOSIA_KAFKA__CLIENT__SASL_PASSWORD", "hush")
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    shown = capsys.readouterr().out
    assert command in shown
    assert "hush" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "[kafka.client]\n'sasl.password' = ['hush']",
        "[kafka.client]\n'sasl.password' = 'hush'\n'isolation.level' = 'hush'",
        "[worker]\nbatch_size = 'hush'",
        "[registry]\nurl = 'http://me:hush@127.0.0.1:8081'",
    ],
)
def test_no_error_shows_a_value_that_could_be_secret(load: Load, text: str) -> None:
    assert "hush" not in refused(load, text)


def test_damaged_json_in_the_environment_does_not_show_either(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOSIA_KAFKA__CLIENT", '{"sasl.password": "hush"')
    assert "hush" not in refused(load, "")


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


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("topics = ['sosia.ztf.annotated.v1']", "is the workers' own"),
        ("topics = ['sosia.replay.v1']", "is the workers' own"),
        ("topics = ['a b']", "is no topic name"),
        ("patterns = ['ztf_20261121']", "put plain names under 'topics'"),
        ("patterns = ['^ztf_(']", "no regular expression"),
        ("patterns = ['{date}_{date}']", "more than once"),
        ("", "neither 'topics' nor 'patterns'"),
    ],
)
def test_input_topics_that_cannot_be_meant_are_refused(load: Load, entry: str, says: str) -> None:
    assert says in refused(load, f"[[input.surveys]]\nsurvey = 'ztf'\n{entry}")


def test_a_topic_belongs_to_one_survey(load: Load) -> None:
    text = "[[input.surveys]]\nsurvey = 'ztf'\ntopics = ['a']\n[[input.surveys]]\nsurvey = 'lsst'\ntopics = ['a']"
    assert "topic a is named more than once" in refused(load, text)


def test_outputs_go_through_the_registry_where_there_is_one(load: Load) -> None:
    url = "[registry]\nurl = 'http://127.0.0.1:8081'\n"
    assert load(url).registry.registers
    assert not load(url + "output = false").registry.registers
    assert "set registry.url" in refused(load, "[registry]\noutput = true")


def test_there_is_no_history_unless_one_is_configured(load: Load) -> None:
    assert load("").history.url is None
    history = load("[history]\nurl = 'redis://127.0.0.1:6379/0'\nepochs = 10\nexpiry_days = 2").history
    assert (history.url, history.epochs, history.expiry_s) == ("redis://127.0.0.1:6379/0", 10, 172_800.0)
    assert load("[history]\nurl = 'sqlite:a@b.sqlite'").history.url == "sqlite:a@b.sqlite"


@pytest.mark.parametrize("url", ["history.sqlite", "sqlite:", "http://127.0.0.1", ""])
def test_what_is_no_history_is_refused(load: Load, url: str) -> None:
    assert "history.url" in refused(load, f"[history]\nurl = '{url}'")


def test_a_history_s_password_never_shows(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    message = refused(load, "[history]\nurl = 'redis://me:hush@127.0.0.1:6379/0'")
    assert "history.password" in message
    assert "hush" not in message
    monkeypatch.setenv("SOSIA_HISTORY__PASSWORD", "hush")
    assert "hush" not in repr(load("[history]\nurl = 'redis://127.0.0.1:6379/0'"))


def test_rules_are_known_by_name(load: Load) -> None:
    assert load("[epoch]\nrule = 'cavuoti2024-causal'").epoch.rule == "cavuoti2024-causal"
    assert "epoch.rule" in refused(load, "[epoch]\nrule = 'cavuoti'")


def test_rules_go_by_their_names_and_the_published_one_needs_a_history() -> None:
    history = SqliteHistory(None)
    assert choose_rule(EpochSettings(), None).name == "sosia"
    for name in ("sosia", "cavuoti2024-causal", "reference-distance"):
        assert choose_rule(EpochSettings(rule=name), history).name == name
    with pytest.raises(
        ConfigurationError, match=r"epoch\.rule: cavuoti2024-causal needs earlier epochs; set history\.url"
    ):
        choose_rule(EpochSettings(rule="cavuoti2024-causal"), None)
    history.close()


def test_own_stamps_have_their_own_frame_and_one_worker_a_survey(tmp_path: Path) -> None:
    kids = '[[input.surveys]]\nsurvey = "kids"\ntopics = ["a"]\nframe_pixels = 100\nframe_scale = 0.2\n'
    (tmp_path / "one.toml").write_text(kids)
    inputs = load_settings(tmp_path / "one.toml").input.surveys
    (survey,) = open_surveys(["kids"], inputs)
    assert survey.facts.frame == SkyFrame(100, 0.2)
    (tmp_path / "two.toml").write_text(kids + kids.replace("kids", "vis").replace('"a"', '"b"'))
    with pytest.raises(ConfigurationError, match="kids, vis are all surveys of own stamps"):
        load_settings(tmp_path / "two.toml")


def test_the_preprocessing_is_the_sky_frame_unless_told(load: Load) -> None:
    assert choose_preprocessing(load("").backbone, "sosia-64").name == "sky-frame"
    published = load('[backbone]\npreprocessing = "ulisse"\nname = "efficientnet-b0"').backbone
    for network in ("efficientnet-b0", "efficientnet-b0-untrained"):
        assert choose_preprocessing(published, network).name == "ulisse"
    assert "backbone.preprocessing" in refused(load, '[backbone]\npreprocessing = "zscale"')


@pytest.mark.parametrize("network", ["sosia-64", "efficientnetv2-b0"])
def test_ulisse_with_another_network_than_its_own_is_refused(network: str, load: Load) -> None:
    with pytest.raises(ConfigurationError, match=rf"backbone.preprocessing: ulisse is for efficientnet-b0.*{network}"):
        choose_preprocessing(load('[backbone]\npreprocessing = "ulisse"').backbone, network)
