"""Sets up structured logs: one JSON object a line, or readable lines on a terminal, always on standard error."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, TextIO

import structlog

from consumers.printable import printable

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

    from consumers.settings import LogSettings


def _harmless(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Make the text of all fields printable: what packets hold must not be able to steer the terminal."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}


def set_up_logs(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send all logs, those of the standard library too, to one place in one format.

    Parameters
    ----------
    settings : LogSettings
    stream : file, optional
        By default standard error: standard output belongs to a command's results.
    """
    stream = stream if stream is not None else sys.stderr
    terminal = stream.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if (settings.format or ("console" if terminal else "json")) == "console":
        last: list[Processor] = [_harmless, structlog.dev.ConsoleRenderer(colors=terminal, pad_event_to=0)]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
