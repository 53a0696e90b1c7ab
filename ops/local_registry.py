"""A real schema registry on this machine: Apicurio, which speaks the API of Confluent's.

::

    with LocalRegistry() as registry:
        SchemaRegistryClient({"url": registry.url})

Schemas are kept in memory: they are gone when it stops.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from ops.artifacts import unpacked
from ops.block import InBlock
from ops.errors import ServerError
from ops.java_server import JavaServer, free_ports

VERSION = "3.3.3"


class LocalRegistry(InBlock):
    """A schema registry that lives as long as a ``with`` block, or until `stop`.

    Parameters
    ----------
    cache : Path, optional
        Where Apicurio is kept, 170 MB; by default `ops.artifacts.default_cache`.
    start_within : float, optional
        The most seconds to wait until it answers.
    """

    def __init__(self, *, cache: Path | None = None, start_within: float = 120.0) -> None:
        self.port, self._management_port = free_ports(2)
        self._cache = cache
        self._start_within = start_within
        self._folder: Path | None = None
        self._server: JavaServer | None = None
        # The registry is on this machine; a proxy that is configured for the world cannot reach it.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @property
    def url(self) -> str:
        """What clients of Confluent's registry set as ``url``."""
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    @property
    def running(self) -> bool:
        """Whether the registry's process is there."""
        return self._server is not None and self._server.running

    def start(self) -> None:
        """Start an empty registry and return when it answers.

        Raises
        ------
        FetchError
            When Apicurio is not in the cache and cannot be fetched.
        ServerError
            When the registry does not start; with the end of its log.
        """
        if self.running:
            raise ServerError(f"the registry is running already, at {self.url}")
        program = unpacked(f"apicurio-registry-{VERSION}", self._cache) / "quarkus-run.jar"
        self._folder = Path(tempfile.mkdtemp(prefix="sosia-registry-"))
        arguments = [
            "-Dquarkus.http.host=127.0.0.1",
            f"-Dquarkus.http.port={self.port}",
            # Left alone, the management interface listens to every network.
            "-Dquarkus.management.host=127.0.0.1",
            f"-Dquarkus.management.port={self._management_port}",
            "-jar",
            str(program),
        ]
        self._server = JavaServer("Apicurio", arguments, self._folder / "server.log")
        self._server.start(self._answers, self._start_within)

    def stop(self, within: float = 30.0) -> None:
        """Stop the registry, and kill it where it has not ended after `within` seconds."""
        if self._server is not None:
            self._server.stop(within)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Stop the registry."""
        self.stop()

    def freeze(self) -> None:
        """Stop the process where it is, connections open (SIGSTOP): what asks it waits."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._server is not None  # it was started
        assert self._server.pid is not None
        os.kill(self._server.pid, number)

    def _answers(self) -> bool:
        try:
            with self._opener.open(f"{self.url}/subjects", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):  # it does not listen yet
            return False
