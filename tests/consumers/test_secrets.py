"""No password shows, wherever it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers.cli import main
from tests.consumers.settings_text import Load, refused


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


def test_a_history_s_password_never_shows(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    message = refused(load, "[history]\nurl = 'redis://me:hush@127.0.0.1:6379/0'")
    assert "history.password" in message
    assert "hush" not in message
    monkeypatch.setenv("SOSIA_HISTORY__PASSWORD", "hush")
    assert "hush" not in repr(load("[history]\nurl = 'redis://127.0.0.1:6379/0'"))
