"""What an operator's signals do: the first one asks for an orderly end, the second one kills."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

log = structlog.get_logger()

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def on_stop_signal(*stops: Callable[[], object]) -> None:
    """Call these on SIGTERM or SIGINT; the second one has its default effect, and kills."""

    def stop(number: int, _: FrameType | None) -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        log.info("stopping", signal=signal.Signals(number).name)
        for stop_one in stops:
            stop_one()

    for number in SIGNALS:
        signal.signal(number, stop)
