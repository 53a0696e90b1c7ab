"""Where a record was first received, and how often it was tried: the headers of every output."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumers.names import ATTEMPT_HEADER, ORIGIN_HEADER, REPLAY

if TYPE_CHECKING:
    from consumers.worker.batch import Headers, Record

_ORIGIN = re.compile(r"[A-Za-z0-9._-]{1,249}/\d{1,10}/\d{1,19}")
_ATTEMPT = re.compile(r"[1-9]\d{0,8}")


@dataclass(frozen=True, slots=True)
class Provenance:
    """The origin ``topic/partition/offset`` of a record, and which attempt at it this is, from 1."""

    origin: str
    attempt: int

    def headers(self) -> Headers:
        """Both, as headers of an output."""
        return ((ORIGIN_HEADER, self.origin.encode()), (ATTEMPT_HEADER, str(self.attempt).encode()))


def provenance(record: Record) -> Provenance:
    """Tell where a record comes from.

    A replayed record carries its own. On any other topic such headers are a stranger's: believed, they
    would let a survey's record pass for another one in the ledger.
    """
    if record.topic == REPLAY:
        headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
        origin, attempt = headers.get(ORIGIN_HEADER, ""), headers.get(ATTEMPT_HEADER, "")
        if _ORIGIN.fullmatch(origin) and _ATTEMPT.fullmatch(attempt):
            return Provenance(origin, int(attempt))
    return Provenance(f"{record.topic}/{record.partition}/{record.offset}", 1)
