"""Dead letters: the original bytes of a record that cannot be read, with provenance and reason in the headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.names import DEAD
from consumers.printable import printable
from consumers.worker.batch import Output
from consumers.worker.provenance import provenance

if TYPE_CHECKING:
    from consumers.worker.batch import Dead

#: Headers with this prefix are ours; a record's own of that name are not passed on, since they would contradict.
PREFIX = "sosia-"
REASON_HEADER = "sosia-reason"
DETAIL_HEADER = "sosia-detail"
SURVEY_HEADER = "sosia-survey"
WORKER_HEADER = "sosia-worker"
VERSION_HEADER = "sosia-version"
SCHEMA_ID_HEADER = "sosia-schema-id"
#: The record's own timestamp [ms]. The dead letter's is that of its death: retention goes by it, and a
#: replayed night's dead letters would be gone at once.
TIMESTAMP_HEADER = "sosia-timestamp"

_WIRE_HEADER_BYTES = 5


def dead_letter(dead: Dead, survey: str | None, worker: str, version: str) -> Output:
    """Return the dead letter of a record.

    Parameters
    ----------
    dead : Dead
        The record and the reason.
    survey : str or None
        The survey configured for its topic; None where there is none or there are several.
    worker, version : str
        Who could not read it.
    """
    record = dead.record
    headers = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    headers += provenance(record).headers()
    headers += [
        (REASON_HEADER, dead.reason.encode()),
        (DETAIL_HEADER, printable(dead.detail).encode()),
        (WORKER_HEADER, worker.encode()),
        (VERSION_HEADER, version.encode()),
    ]
    if survey is not None:
        headers.append((SURVEY_HEADER, survey.encode()))
    if record.value and record.value[0] == 0 and len(record.value) >= _WIRE_HEADER_BYTES:
        schema_id = int.from_bytes(record.value[1:_WIRE_HEADER_BYTES], "big", signed=True)
        headers.append((SCHEMA_ID_HEADER, str(schema_id).encode()))
    if record.timestamp is not None:
        headers.append((TIMESTAMP_HEADER, str(record.timestamp).encode()))
    return Output(DEAD, record.key, record.value, tuple(headers))
