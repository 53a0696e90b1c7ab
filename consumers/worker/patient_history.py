"""A history whose trouble holds the worker up and never ends it.

Deaths are blamed on packets (`consumers.worker.quarantine`), and a server that is away for a while, or a file that
somebody has to mend, is no packet's fault. The input fills up behind a batch that waits here, and is paused.
"""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import structlog

from schemas.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from broker.history.history import Epoch, History, Question, Row

log = structlog.get_logger()

#: Waits before a history in trouble is asked again [s]; the last one repeats.
BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

Answer = TypeVar("Answer")


class PatientHistory:
    """Asks another history until it answers.

    Parameters
    ----------
    history : History
    report : callable
        Is told what the trouble is, and None once it is over.
    backoff : sequence of float, optional
        Waits before it is asked again [s]; the last one repeats.
    """

    def __init__(
        self, history: History, report: Callable[[str | None], None], backoff: Sequence[float] = BACKOFF
    ) -> None:
        self._history = history
        self._report = report
        self._backoff = backoff
        self._stopping = threading.Event()

    def append(self, rows: Sequence[Row]) -> None:
        """Write a batch; see `History`. Raises HistoryError only after `give_up`."""
        self._patiently(lambda: self._history.append(rows))

    def earlier(self, questions: Sequence[Question]) -> list[list[Epoch]]:
        """Answer a batch of questions; see `History`. Raises HistoryError only after `give_up`."""
        return self._patiently(lambda: self._history.earlier(questions))

    def give_up(self) -> None:
        """Wait no longer, since the worker is to end; may be called from a signal handler."""
        self._stopping.set()

    def close(self) -> None:
        """Let go of the file or the server."""
        self._history.close()

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        for attempt in count():
            try:
                answer = ask()
            except HistoryError as error:
                if self._stopping.is_set():
                    raise
                pause = self._backoff[min(attempt, len(self._backoff) - 1)]
                log.error("history in trouble", error=str(error), wait=pause)  # noqa: TRY400  no fault of ours
                self._report(f"{error}; nothing is annotated until then")
                self._stopping.wait(pause)
            else:
                if attempt:
                    self._report(None)
                return answer
        raise AssertionError  # never reached: count() has no end
