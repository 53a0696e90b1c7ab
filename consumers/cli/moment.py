"""A time as people give it on the command line."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta


def moment(text: str) -> datetime:
    """Read a time: ISO 8601 (UTC where it has no zone), or so many seconds ago."""
    try:
        return datetime.now(UTC) - timedelta(seconds=float(text))
    except ValueError:
        pass
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text} seconds ago is before the calendar begins") from None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither an ISO 8601 time nor a number of seconds") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
