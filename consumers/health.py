"""Whether a worker lives and is ready, and the small HTTP server that tells: ``/live``, ``/ready``, ``/metrics``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client import CollectorRegistry

TEXT = ("Content-Type", "text/plain; charset=utf-8")


#: How soon the server notices that it is to end [s].
SHUTDOWN_POLL_S = 0.05


class Part(StrEnum):
    """What a worker needs in order to annotate."""

    BACKBONE = "backbone"
    HISTORY = "history"
    PARTITIONS = "partitions"
    SCHEMAS = "schemas"
    WORKER = "worker"


class Health:
    """What is known of a worker's state; written by its main loop, read by the HTTP server's threads.

    A worker starts live and not ready: it reports its backbone and its partitions once it has them.

    Parameters
    ----------
    live_s : float
        A main loop that is silent for longer is dead [s].
    clock : callable
        Seconds from any fixed moment, never set back.
    """

    def __init__(self, live_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._live_s = live_s
        self._clock = clock
        self._last_beat = clock()
        self._lock = threading.Lock()
        self._problems = {Part.BACKBONE: "not loaded yet", Part.PARTITIONS: "none assigned yet"}

    def beat(self) -> None:
        """Tell that the main loop moves; to be called on each of its rounds."""
        self._last_beat = self._clock()

    def report(self, part: Part, problem: str | None) -> None:
        """Tell why a part keeps the worker from annotating, or with None that it no longer does."""
        with self._lock:
            if problem is None:
                self._problems.pop(part, None)
            else:
                self._problems[part] = problem

    def live(self) -> bool:
        """Whether the main loop moved lately."""
        return self._clock() - self._last_beat <= self._live_s

    def problems(self) -> list[str]:
        """Why the worker is not ready, a line each; empty where it is."""
        with self._lock:
            problems = [f"{part}: {problem}" for part, problem in self._problems.items()]
        return problems if self.live() else [*problems, f"main loop: silent for more than {self._live_s:g} s"]

    def ready(self) -> bool:
        """Whether alerts are being annotated."""
        return not self.problems()


@contextmanager
def serve(health: Health, registry: CollectorRegistry, host: str, port: int) -> Iterator[str]:
    """Answer on ``/live``, ``/ready`` and ``/metrics`` while the block under ``with`` runs.

    Parameters
    ----------
    health : Health
    registry : CollectorRegistry
    host : str
        Address to listen on.
    port : int
        0 takes any free one.

    Yields
    ------
    str
        The address, ``http://host:port``.

    Raises
    ------
    ConfigurationError
        The port is taken, or the address is not this machine's.
    """
    try:
        server = make_server(host, port, _application(health, registry), _Server, _Handler)
    except OSError as error:
        raise ConfigurationError(
            f"metrics.port: cannot listen on {host}:{port} ({error.strerror}); "
            "give each worker of a machine its own port, or 0 for any free one"
        ) from error
    thread = threading.Thread(target=server.serve_forever, args=(SHUTDOWN_POLL_S,), name="health", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _application(health: Health, registry: CollectorRegistry) -> WSGIApplication:
    from prometheus_client import make_wsgi_app

    metrics: WSGIApplication = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        if path == "/live":
            problems = [] if health.live() else ["main loop: silent"]
        elif path == "/ready":
            problems = health.problems()
        else:
            start_response("404 Not Found", [TEXT])
            return [b"/live /ready /metrics\n"]
        start_response("503 Service Unavailable" if problems else "200 OK", [TEXT])
        return [("\n".join(problems or ["ok"]) + "\n").encode()]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a request, so that one slow client cannot make the worker look dead to the others."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Drop a connection that broke: the base class writes a traceback to standard error."""


class _Handler(WSGIRequestHandler):
    """Closes connections that send nothing, and keeps the probes out of the logs."""

    timeout = 10

    def log_message(self, *_: object) -> None:
        """Log nothing: the base class writes every request to standard error."""
