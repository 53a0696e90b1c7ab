"""A real server of the Redis protocol on the loopback address, as Debian's package `redis-server` has it."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Self

import redis

from ops.java_server import free_ports

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "redis-server"
START_SECONDS = 60.0


class RedisServer:
    """Keeps its rows in `folder`, also when it is killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        program = shutil.which(PROGRAM)
        assert program is not None
        self._process = subprocess.Popen(
            [program, "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "",
             "--appendonly", "yes", "--appendfsync", "always", "--logfile", str(self._folder / "redis.log")],
        )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "redis.log").read_text()
            assert time.monotonic() < deadline, "redis-server does not answer"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False
