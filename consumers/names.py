"""Names of topics and headers: other brokers rely on them, so they change only with a new version."""

from __future__ import annotations

#: Input: stamps of a survey without an alert format of its own.
STAMPS = "sosia.stamps.v1"
#: Records that cannot be read, with the reason in their headers.
DEAD = "sosia.dead.v1"
#: Dead letters sent once more; an input of every worker.
REPLAY = "sosia.replay.v1"
#: What became of each range of each input partition.
LEDGER = "sosia.ledger.v1"
#: Where each epoch's image lies in feature space.
EMBEDDINGS = "sosia.embeddings.v1"

#: Which versions of the novelty index there are; compacted.
INDEX = "sosia.index.v1"
#: How far foreign clusters' topics are mirrored; compacted.
POSITIONS = "sosia.positions.v1"

#: Header: ``topic/partition/offset`` at which the record was first received.
ORIGIN_HEADER = "sosia-origin"
#: Header: how often the record was tried, from 1.
ATTEMPT_HEADER = "sosia-attempt"


def annotated(survey: str) -> str:
    """Topic of a survey's full packets with the annotation appended."""
    return f"sosia.{survey}.annotated.v1"


def scores(survey: str) -> str:
    """Topic of a survey's bare annotations, without stamps."""
    return f"sosia.{survey}.scores.v1"


def is_ours(topic: str) -> bool:
    """Whether this topic is no survey's: workers write it, and would be fed their own output, or read it anyway."""
    return topic.startswith("sosia.") and topic != STAMPS


def is_annotated(topic: str) -> bool:
    """Whether this is a topic of full packets with annotations."""
    return topic.startswith("sosia.") and topic.endswith(".annotated.v1")


def subject(topic: str, schema: str) -> str:
    """Registry subject of a topic's derived schema: one a survey's schema, since their majors differ.

    Parameters
    ----------
    topic : str
        Output topic.
    schema : str
        Full name of the survey's own schema, such as ``lsst.v10_0.alert``.
    """
    return f"{topic}-{schema}"
