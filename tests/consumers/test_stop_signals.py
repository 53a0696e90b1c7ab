from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from consumers.stop_signals import SIGNALS, on_stop_signal


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_stops_in_order_and_the_second_one_kills(number: signal.Signals) -> None:
    stopped: list[str] = []
    on_stop_signal(lambda: stopped.append("worker"), lambda: stopped.append("history"))
    signal.raise_signal(number)
    assert stopped == ["worker", "history"]
    assert [signal.getsignal(one) for one in SIGNALS] == [signal.SIG_DFL, signal.SIG_DFL]
