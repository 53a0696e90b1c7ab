"""Ends a process that hangs: a worker that is dead is started again, one that hangs is not."""

from __future__ import annotations

import faulthandler
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def hang_ends_process(seconds: float) -> Iterator[None]:
    """End the process, with all threads' tracebacks on stderr, where the block takes longer.

    librdkafka may hold a call for ever, whatever timeout it was given: ``send_offsets_to_transaction`` where the
    group's coordinator went (its issues 5456 and 5511). Nothing in Python can interrupt that. What is lost with the
    process was not committed, and comes again.

    Parameters
    ----------
    seconds : float
        One block at a time: a second one takes the first one's place.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
