"""Everything that Sosia raises on purpose, in one tree.

::

    SosiaError
    ├── ConfigurationError      a setting is wrong; names the key and the mend (exit code 2)
    ├── BackboneError           weights are missing, damaged or of the wrong shape
    ├── UnreadableError         a record that cannot be read: it becomes a dead letter
    ├── HistoryError            the earlier epochs cannot be had: unreachable or of another version
    │   └── LostHistoryError    some of them are lost: the store is damaged, or not yet rebuilt
    ├── NoveltyIndexError       a version of the novelty index is missing, damaged or of another backbone
    ├── StampError              an image that cannot be used: its scores are null, with a reason
    └── SchemaSourceDownError   the schema source does not answer: pause and ask again, never a dead letter
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class DeadReason(StrEnum):
    """Why a record was dead-lettered; a closed list, since it labels metrics and ledger rows."""

    EMPTY = "empty"
    FRAMING = "framing"
    SCHEMA_UNKNOWN = "schema unknown"
    SCHEMA_INVALID = "schema invalid"
    SURVEY_MISMATCH = "not an alert of this survey"
    LENGTHS = "lengths"
    TRAILING_BYTES = "trailing bytes"
    IDENTIFIERS = "identifiers"
    KILLED_THE_WORKER = "killed the worker"


class StampReason(StrEnum):
    """Why an image gives no scores; a closed list, since it travels in annotations and metrics."""

    MISSING = "stamp missing"
    CORRUPT = "stamp corrupt"
    SIZE = "stamp size out of range"
    BLANK = "stamp blank"
    MASKED = "too many missing pixels"


class SosiaError(Exception):
    """The base of every error raised on purpose."""

    def kept(self) -> Self:
        """Return the error to be stored: without its traceback and the errors behind it.

        These hold the frames of all callers, and with them a whole batch or a file's bytes.
        """
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


class ConfigurationError(SosiaError):
    """A setting is missing, unknown or contradicts another."""


class BackboneError(SosiaError):
    """A backbone's weights are missing, damaged or of the wrong shape."""


class HistoryError(SosiaError):
    """The store of earlier epochs cannot be reached, is damaged or of another version; names it and the mend."""


class LostHistoryError(HistoryError):
    """The store of earlier epochs is damaged, or was and is not yet rebuilt; the message names it."""


class NoveltyIndexError(SosiaError):
    """A version of the novelty index is missing, damaged, of another backbone or cannot be made; names the mend."""


class UnreadableError(SosiaError):
    """A record that cannot be read.

    Parameters
    ----------
    reason : DeadReason
        The enumerated reason.
    detail : str
        What was wrong and where; may quote packet text, so treat it as untrusted.
    """

    def __init__(self, reason: DeadReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class StampError(SosiaError):
    """An image stamp that cannot be used."""

    def __init__(self, reason: StampReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class SchemaSourceDownError(SosiaError):
    """The schema source did not answer; whether the schema exists is not known."""
