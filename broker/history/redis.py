"""The history on a server of the Redis protocol (Redis, Valkey, Kvrocks), for workers on many machines.

A series is a hash of its epochs' bytes and a sorted set of their times. Each batch is one pipeline, and so one round
trip, of one script a series: what a script does, others see wholly or not at all. The keys carry the version: rows
of another one are never read. Whether rows survive the death of the server is the server's own setting
(``appendonly``), and it must not evict keys of its own accord (``maxmemory-policy noeviction``).
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.retry import Retry

from broker.history.embedding_bytes import pack, unpack
from broker.history.history import KEPT_EPOCHS
from schemas.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from broker.history.history import Epoch, Question, Row, Series

#: Raised with every change of the keys or of the rows' bytes.
VERSION = 1

_APPEND = """
    for i = 3, #ARGV, 3 do
        redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 2])
        redis.call('ZADD', KEYS[2], 'NX', ARGV[i + 1], ARGV[i])
    end
    local surplus = redis.call('ZCARD', KEYS[2]) - ARGV[1]
    if surplus > 0 then
        for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, surplus - 1)) do
            redis.call('ZREM', KEYS[2], id)
            redis.call('HDEL', KEYS[1], id)
        end
    end
    if ARGV[2] ~= '' then
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        redis.call('PEXPIRE', KEYS[2], ARGV[2])
    end
"""
_EARLIER = """
    local found = {}
    local times = redis.call('ZREVRANGEBYSCORE', KEYS[2], '(' .. ARGV[2], '-inf', 'WITHSCORES')
    for i = 1, #times, 2 do
        local bytes = times[i] ~= ARGV[1] and redis.call('HGET', KEYS[1], times[i])
        if bytes then
            found[#found + 1] = {times[i], times[i + 1], bytes}
        end
    end
    return found
"""

#: For one answer, and for one connection [s].
_PATIENCE_S = 10.0
_RETRIES = 3


class RedisHistory:
    """A `History` on a server.

    Parameters
    ----------
    url : str
        ``redis://host:port/db``, or ``rediss://`` through TLS.
    keep : int
        Epochs kept of a series.
    expiry_s : float or None
        A series to which nothing was written for so long is forgotten [s].
    username, password : str, optional

    Raises
    ------
    HistoryError
        The server does not answer, or does not let us in.
    """

    def __init__(
        self,
        url: str,
        keep: int = KEPT_EPOCHS,
        expiry_s: float | None = None,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self._name = _without_secrets(url)
        self._keep = keep
        self._expiry_ms = "" if expiry_s is None else str(max(int(expiry_s * 1000), 1))
        with self._told():
            self._server = redis.Redis.from_url(
                url,
                username=username,
                password=password,
                socket_timeout=_PATIENCE_S,
                socket_connect_timeout=_PATIENCE_S,
                retry=Retry(ExponentialBackoff(), _RETRIES),  # sending a batch again changes nothing
                client_name="sosia",
            )
            self._server.ping()

    def append(self, rows: Sequence[Row]) -> None:
        """Write a batch; see `History`."""
        by_series: dict[Series, list[Epoch]] = defaultdict(list)
        for row in rows:
            by_series[row.series].append(row.epoch)
        with self._told(), self._server.pipeline(transaction=False) as pipeline:
            for series, epochs in by_series.items():
                fields = [item for one in epochs for item in (one.epoch_id, repr(float(one.mjd)), pack(one))]
                pipeline.eval(_APPEND, 2, *_keys(series), self._keep, self._expiry_ms, *fields)
            pipeline.execute()

    def earlier(self, questions: Sequence[Question]) -> list[list[Epoch]]:
        """Answer a batch of questions; see `History`."""
        with self._told(), self._server.pipeline(transaction=False) as pipeline:
            for one in questions:
                pipeline.eval(_EARLIER, 2, *_keys(one.series), one.epoch_id, repr(float(one.mjd)))
            return [
                [unpack(name.decode(), float(mjd), stored) for name, mjd, stored in found]
                for found in pipeline.execute()
            ]

    def close(self) -> None:
        """Close the connection."""
        self._server.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the client says into what an operator can do."""
        try:
            yield
        except HistoryError as error:
            raise HistoryError(
                f"{self._name}: {error}; delete the keys sosia:history:*, and fill it again with sosia history rebuild"
            ) from error
        except (AuthenticationError, NoPermissionError) as error:
            raise HistoryError(f"{self._name}: {error}; see to history.username and history.password") from error
        except (redis.RedisError, OSError, ValueError) as error:  # ValueError: of the address
            raise HistoryError(f"{self._name}: {error}; see to the server, or correct history.url") from error


def _without_secrets(url: str) -> str:
    """Return an address as messages tell it: without a name and a password that stand before the host or behind it."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _keys(series: Series) -> tuple[str, str]:
    """Name a series' hash and sorted set.

    Ids may hold anything, so each part goes with its length. In braces, a cluster keeps both keys on one node.
    """
    parts = "".join(f"{len(part)}:{part}" for part in (series.survey, series.object_id, series.band, series.digest))
    return f"sosia:history:{VERSION}:rows:{{{parts}}}", f"sosia:history:{VERSION}:times:{{{parts}}}"
