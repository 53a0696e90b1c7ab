"""What each command may do at least, as `ops/SECURITY.md` tells operators."""

from __future__ import annotations

from confluent_kafka.admin import AclOperation, ResourceType

from consumers import names
from consumers.dead.replay import TRANSACTIONAL_ID
from tests.integration.secure_kafka import Right

INPUT, GROUP, WORKER, MIRRORED = "ztf_alerts", "scorers", "first", "ztf_mirrored"
READ, WRITE, CREATE = AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE
ANNOTATED, SCORES = names.annotated("ztf"), names.scores("ztf")
OUTPUTS = (ANNOTATED, SCORES, names.EMBEDDINGS, names.DEAD, names.LEDGER)


def topic(name: str, operation: AclOperation) -> Right:
    return ResourceType.TOPIC, name, operation


def transactions(name: str) -> Right:
    return ResourceType.TRANSACTIONAL_ID, name, WRITE


RUN = (
    topic(INPUT, READ),
    topic(names.REPLAY, READ),
    *(topic(name, WRITE) for name in OUTPUTS),
    (ResourceType.GROUP, GROUP, READ),
    transactions(f"sosia-{GROUP}-{WORKER}"),
)
LEDGER = tuple(topic(name, READ) for name in (names.LEDGER, ANNOTATED, names.DEAD, INPUT))
DEAD_REPLAY = (
    topic(names.DEAD, READ),
    topic(names.REPLAY, READ),
    topic(names.REPLAY, WRITE),
    transactions(TRANSACTIONAL_ID),
)
MIRROR = (
    topic(MIRRORED, WRITE),
    topic(names.POSITIONS, READ),
    topic(names.POSITIONS, WRITE),
    transactions("sosia-mirror-source"),
)
TAIL = ("tail", "--survey", "ztf", "--no-follow")
#: Words, least rights, and what it says where it did its work.
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[Right, ...], str]] = {
    "replay": (("replay", "{packet}", "--topic", INPUT), (topic(INPUT, WRITE),), "delivered"),
    "ledger": (("ledger", INPUT), LEDGER, "in balance"),
    "dead list": (("dead", "list"), (topic(names.DEAD, READ),), "framing"),
    "dead show": (("dead", "show", f"{INPUT}/0/1"), (topic(names.DEAD, READ),), "framing"),
    "dead replay": (("dead", "replay", "--again"), DEAD_REPLAY, "replayed"),
    "tail": (TAIL, (topic(SCORES, READ),), "ztf"),
    "tail of a group": ((*TAIL, "--group", "us"), (topic(SCORES, READ), (ResourceType.GROUP, "us", READ)), "ztf"),
    "history rebuild": (("history", "rebuild"), (topic(names.EMBEDDINGS, READ),), "rows"),
    "index": (("index", "--once"), (topic(names.EMBEDDINGS, READ), topic(names.INDEX, WRITE)), "index announced"),
    "index rollback": (
        ("index", "rollback", "--survey", "ztf", "--version", "{version}"),
        (topic(names.INDEX, READ), topic(names.INDEX, WRITE)),
        "version",
    ),
}
