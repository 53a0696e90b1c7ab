"""The annotating worker as a process of its own, as an operator would start it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from consumers.settings import ENV_DELIMITER, ENV_PREFIX, Settings
from schemas.errors import SosiaError

# Lines of the worker's log that an error quotes.
TAIL = 15
STOP_WITHIN_S = 60.0


def write_config(
    path: Path,
    settings: Settings,
    *,
    bootstrap: str,
    topics: Mapping[str, str],
    schemas: Path | None,
    metrics_port: int,
    batch_size: int,
) -> None:
    """Write a worker's configuration.

    Parameters
    ----------
    path : Path
        The TOML file.
    settings : Settings
        The user's, of which the backbone and the class networks are taken over.
    bootstrap : str
        The local Kafka.
    topics : mapping of str to str
        Survey to input topic.
    schemas : Path or None
        Folder of the schemas of wire-format packets.
    metrics_port : int
        Where ``/ready`` and ``/metrics`` answer.
    batch_size : int
        Alerts a batch.
    """
    backbone = settings.backbone.model_dump(mode="json", exclude_none=True)
    if settings.backbone.weights is not None:
        backbone["weights"] = str(settings.backbone.weights.resolve())
    tables: dict[str, Mapping[str, object]] = {
        "kafka": {"bootstrap_servers": bootstrap},
        "worker": {"name": "demo", "batch_size": batch_size},
        "backbone": backbone,
        "classifiers": settings.classifiers.model_dump(mode="json"),
        "registry": {} if schemas is None else {"schemas": str(schemas.resolve())},
        "metrics": {"port": metrics_port},
        "log": {"format": "json"},
    }
    lines = ["# Written by sosia demo."]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    for survey, topic in topics.items():
        lines += ["", "[[input.surveys]]", f"survey = {_toml(survey)}", f"topics = [{_toml(topic)}]"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    """Write a string, number, truth value or list of them; JSON's spelling of them is TOML's too."""
    return json.dumps(value)


class WorkerProcess:
    """``sosia run`` in a child process, stopped at the end of a ``with`` block.

    Parameters
    ----------
    config : Path
        Its configuration.
    log_file : Path
        Receives what it says; overwritten.
    metrics_port : int
        As configured.
    arguments : sequence of str, optional
        Further arguments of ``sosia run``.
    """

    def __init__(self, config: Path, log_file: Path, metrics_port: int, arguments: Sequence[str] = ()) -> None:
        self.log_file = log_file
        self.address = f"http://127.0.0.1:{metrics_port}"
        self._command = [sys.executable, "-m", "consumers.cli", "run", "--config", str(config), *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, or None where it was not started."""
        return self._process.pid if self._process is not None else None

    def __enter__(self) -> Self:
        """Start it."""
        command = self._command
        setpriv = shutil.which("setpriv")
        if setpriv is not None:  # a killed demo leaves no worker behind: with its Kafka gone, none could finish
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this program, which then stops the worker in order
                env=_environment(),
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, if that has not been done."""
        self.stop()

    def stop(self) -> int:
        """Ask it to finish its batch and end; kill it where it does not. Return its exit code."""
        assert self._process is not None  # only inside the with block
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def check(self) -> None:
        """Raise where it has ended on its own, with the end of its log.

        Raises
        ------
        SosiaError
            The process is gone.
        """
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            raise SosiaError(f"the worker ended on its own, with code {code}.{self.tail()}")

    def ready(self) -> bool:
        """Whether it says that it annotates."""
        try:
            with urlopen(f"{self.address}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):  # not listening yet, or not ready yet (503)
            return False

    def tail(self) -> str:
        """Return where its log is, and the log's last lines."""
        text = self.log_file.read_text(encoding="utf-8", errors="replace")
        return f" The end of {self.log_file}:\n" + "\n".join(text.splitlines()[-TAIL:])


def _environment() -> dict[str, str]:
    """Return the environment without settings: they would win over the worker's configuration."""
    return {
        key: value
        for key, value in os.environ.items()
        if not (key.upper().startswith(ENV_PREFIX) and ENV_DELIMITER in key)
    }
