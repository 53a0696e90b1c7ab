"""How long the live page takes to answer a filter that it has not met, while scores pour in: by the wall clock.

::

    python -m consumers.bench.page

A real Kafka, a page in a process of its own that holds 10,000 alerts, 1,000 scores a second, and a filter every 100 ms.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
from confluent_kafka import Producer

from consumers.names import ORIGIN_HEADER, scores
from ops.local_kafka import LocalKafka
from schemas.own import pack

if TYPE_CHECKING:
    from collections.abc import Iterator

SURVEY, PARTITIONS = "ztf", 2
#: Between two filters [s], and between two handfuls of scores.
ASKED_EVERY_S, SENT_EVERY_S = 0.1, 0.02
#: Different annotations; they come again under other origins.
DIFFERENT = 2000
#: What a filter is made of; none is asked twice.
FILTERS = (
    "epoch.problematic and epoch.score > {}",
    "streak.score > {} and band in ('g', 'r')",
    "novelty.pValue < {} or image.magnitude < 18",
)
LOADED_WITHIN_S = 120.0


def measure(alerts: int, rate: float, filters: int) -> dict[str, float]:
    """Return what the page took for each of some filters.

    Parameters
    ----------
    alerts : int
        How many the page holds.
    rate : float
        Scores a second that come meanwhile.
    filters : int
        How many are asked.

    Returns
    -------
    dict
        ``p50_ms``, ``p95_ms`` and ``max_ms`` from the request to the last byte of the answer, and ``scores_per_s`` that
        the page took in meanwhile.
    """
    with LocalKafka() as kafka:
        kafka.create_topics({scores(SURVEY): PARTITIONS})
        stream = Stream(kafka.bootstrap)
        stream.send(alerts)
        stream.flush()
        with _page(kafka.bootstrap, alerts) as address:
            _wait(address, alerts)
            with stream.flowing(rate):
                before, started = _ask(address, "")["received"], time.monotonic()
                taken = [_time(address, number) for number in range(filters)]
                came, spent = _ask(address, "")["received"] - before, time.monotonic() - started
    p50, p95, longest = (float(value) for value in np.quantile(taken, (0.5, 0.95, 1.0)) * 1e3)
    return {"p50_ms": p50, "p95_ms": p95, "max_ms": longest, "scores_per_s": came / spent}


class Stream:
    """Publishes made-up scores, each with an origin of its own.

    Parameters
    ----------
    bootstrap : str
        The cluster.
    """

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": "5"})
        self._values = _annotations(DIFFERENT)
        self._sent = 0

    def send(self, count: int) -> None:
        """Send so many."""
        for _ in range(count):
            value = self._values[self._sent % len(self._values)]
            self._producer.produce(
                scores(SURVEY), value, key=str(self._sent), headers={ORIGIN_HEADER: f"ztf/0/{self._sent}".encode()}
            )
            self._sent += 1
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until all are there."""
        self._producer.flush()

    @contextmanager
    def flowing(self, rate: float) -> Iterator[None]:
        """Send so many a second while the block under ``with`` runs."""
        ended = threading.Event()

        def run() -> None:
            started, first = time.monotonic(), self._sent
            while not ended.wait(SENT_EVERY_S):
                self.send(int((time.monotonic() - started) * rate) - (self._sent - first))

        thread = threading.Thread(target=run, name="stream", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.flush()


def _annotations(count: int) -> list[bytes]:
    rng = np.random.default_rng(0)
    example: dict[str, Any] = json.loads(files("schemas").joinpath("annotation_example.json").read_text("utf-8"))
    for key in ("ingestTime", "annotateTime"):
        example[key] = datetime.fromisoformat(example[key])
    made = []
    for number in range(count):
        score = float(rng.exponential(0.4))
        made.append(
            pack(
                "annotation",
                {
                    **example,
                    "objectId": f"ZTF{number % 400:05d}", "epochId": str(number), "band": "gr"[number % 2],
                    "ra": float(rng.uniform(0, 360)), "dec": float(rng.uniform(-30, 90)),
                    "epoch": {**example["epoch"], "score": score, "problematic": score > 1},
                    "image": {**example["image"], "magnitude": float(rng.uniform(15, 21))},
                    "classifications": [
                        {**one, "score": float(rng.uniform()), "reason": None} for one in example["classifications"]
                    ],
                    "novelty": [{**one, "pValue": float(rng.uniform())} for one in example["novelty"]],
                },
            )
        )  # fmt: skip
    return made


@contextmanager
def _page(bootstrap: str, alerts: int) -> Iterator[str]:
    command = ["page", "--bootstrap", bootstrap, "--port", "0", "--held", str(alerts)]
    with subprocess.Popen([sys.executable, "-m", "consumers.cli", *command], stdout=subprocess.PIPE, text=True) as page:
        assert page.stdout is not None  # it is a pipe
        try:
            yield page.stdout.readline().strip()
        finally:
            page.terminate()


def _wait(address: str, alerts: int) -> None:
    deadline = time.monotonic() + LOADED_WITHIN_S
    while (held := _ask(address, "")["held"]) < alerts:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the page holds {held} of {alerts} alerts after {LOADED_WITHIN_S:g} s")
        time.sleep(0.2)


def _time(address: str, number: int) -> float:
    where = FILTERS[number % len(FILTERS)].format(0.3 + number * 1e-4)
    started = time.monotonic()
    _ask(address, where)
    taken = time.monotonic() - started
    time.sleep(max(ASKED_EVERY_S - taken, 0))
    return taken


def _ask(address: str, where: str) -> dict[str, Any]:
    with urlopen(f"{address}api/alerts?{urlencode({'where': where})}", timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m consumers.bench.page", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--alerts", type=int, default=10_000, metavar="N", help="that the page holds; default 10000")
    parser.add_argument("--rate", type=float, default=1000.0, metavar="R", help="scores a second; default 1000")
    parser.add_argument("--filters", type=int, default=300, metavar="N", help="asked, none twice; default 300")
    args = parser.parse_args()
    figures = measure(args.alerts, args.rate, args.filters)
    sys.stdout.write(json.dumps({name: round(value, 1) for name, value in figures.items()}) + "\n")


if __name__ == "__main__":
    main()
