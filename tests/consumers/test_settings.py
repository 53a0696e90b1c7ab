from __future__ import annotations

import json
from pathlib import Path

import pytest

from consumers.configuration import load_settings
from schemas.errors import ConfigurationError
from tests.consumers.settings_text import Load, refused


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


@pytest.mark.parametrize("text", ["[history]\nexpiry_days = inf", "[index]\nevery_hours = inf"])
def test_for_ever_is_no_time(load: Load, text: str) -> None:
    assert "less than or equal to" in refused(load, text)


def test_a_file_of_a_password_that_is_no_path_is_refused(load: Load) -> None:
    assert "password_file: the file cannot be read" in refused(load, "[history]\npassword_file = 5")


@pytest.mark.parametrize("url", ["history.sqlite", "sqlite:", "http://127.0.0.1", ""])
def test_what_is_no_history_is_refused(load: Load, url: str) -> None:
    assert "history.url" in refused(load, f"[history]\nurl = '{url}'")


def test_rules_are_known_by_name(load: Load) -> None:
    assert load("[epoch]\nrule = 'cavuoti2024-causal'").epoch.rule == "cavuoti2024-causal"
    assert "epoch.rule" in refused(load, "[epoch]\nrule = 'cavuoti'")
