from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import redis

from broker.history.history import Question, Row
from broker.history.opening import open_history
from broker.history.redis import RedisHistory
from ops.java_server import free_ports
from schemas.errors import HistoryError
from tests.broker.history.rows import epoch, rows, series
from tests.redis_server import RedisServer

if TYPE_CHECKING:
    from pathlib import Path


def test_a_batch_is_one_round_trip(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    history = RedisHistory(redis_server.url)
    sent = []
    send = redis.Connection.send_packed_command
    monkeypatch.setattr(
        redis.Connection,
        "send_packed_command",
        lambda self, *args, **more: (sent.append(1), send(self, *args, **more))[1],
    )
    history.append(rows(0))
    assert len(sent) == 1
    assert len(history.earlier([Question(row.series, "", np.inf) for row in rows(0)])) == len(rows(0))
    assert len(sent) == 2
    history.close()


def test_rows_outlive_a_killed_server_and_the_client_connects_again(redis_server: RedisServer, tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        history = RedisHistory(server.url)
        history.append([Row(series(), epoch(1))])
        server.kill()
        server.start()
        ((found,),) = history.earlier([Question(series(), "", np.inf)])
        assert found.epoch_id == "e1"
        server.kill()
        with pytest.raises(HistoryError, match=r"redis://127\.0\.0\.1:\d+/0: .*; see to the server"):
            history.append([Row(series(), epoch(2))])
        history.close()


@pytest.mark.parametrize(("before", "behind"), [("", ""), ("name:secret@", ""), ("", "?password=secret")])
def test_a_server_that_is_not_there_is_named_without_its_password(before: str, behind: str) -> None:
    place = f"127.0.0.1:{free_ports(1)[0]}/0"
    with pytest.raises(HistoryError, match=f"^redis://{place}: .*; see to the server, or correct history.url") as told:
        RedisHistory(f"redis://{before}{place}{behind}")
    assert "secret" not in str(told.value)


def test_a_damaged_row_is_told(redis_server: RedisServer) -> None:
    history = RedisHistory(redis_server.url)
    of = series("damaged")
    history.append([Row(of, epoch(1))])
    with redis.Redis.from_url(redis_server.url) as server:
        (key,) = server.keys("sosia:history:1:rows:*damaged*")
        server.hset(key, "e1", b"other bytes")
    with pytest.raises(HistoryError, match="the row of epoch 'e1' is not what was written"):
        history.earlier([Question(of, "", np.inf)])
    history.close()


@pytest.mark.parametrize("url", ["history.sqlite", "sqlite:", "http://127.0.0.1/", "redis:6379"])
def test_an_address_of_nothing_that_is_known_is_refused(url: str) -> None:
    with pytest.raises(HistoryError, match=r"write sqlite:PATH or redis://host:port/db"):
        open_history(url)
