from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from broker.history.history import Question, Row
from broker.history.redis import RedisHistory
from consumers.worker.patient_history import PatientHistory
from schemas.errors import HistoryError
from tests.broker.history.rows import epoch, series
from tests.integration.workers import wait_until
from tests.redis_server import RedisServer

if TYPE_CHECKING:
    from pathlib import Path


def test_while_the_server_is_away_it_waits_and_says_so(redis_server: RedisServer, tmp_path: Path) -> None:
    said: list[str | None] = []
    with RedisServer(tmp_path) as server, ThreadPoolExecutor(1) as inference:
        history = PatientHistory(RedisHistory(server.url), said.append, [0.01])
        history.append([Row(series(), epoch(1))])
        server.kill()
        written = inference.submit(history.append, [Row(series(), epoch(2))])
        wait_until(lambda: said)
        assert not written.done()
        server.start()
        written.result(60.0)
        assert said[0] is not None
        assert "see to the server" in said[0]
        assert said[-1] is None
        (answer,) = history.earlier([Question(series(), "", np.inf)])
        assert [one.epoch_id for one in answer] == ["e2", "e1"]
        history.close()


def test_a_worker_that_is_to_end_waits_no_longer(redis_server: RedisServer, tmp_path: Path) -> None:
    said: list[str | None] = []
    with RedisServer(tmp_path) as server, ThreadPoolExecutor(1) as inference:
        history = PatientHistory(RedisHistory(server.url), said.append, [3600.0])
        server.kill()
        written = inference.submit(history.append, [Row(series(), epoch(2))])
        wait_until(lambda: said)
        history.give_up()
        with pytest.raises(HistoryError):
            written.result(60.0)
        history.close()
