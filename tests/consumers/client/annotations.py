"""Made-up annotations and packets, for tests of those who read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import schemas
from schemas.framing import container
from schemas.own import encode

START = datetime(2026, 10, 1, 6, tzinfo=UTC)


def annotation(number: int, object_id: str = "ZTF18abcdefg", **fields: Any) -> dict[str, Any]:
    """Return the annotation of the so-many-th epoch, a second after the one before; not judged unless told."""
    time = START + timedelta(seconds=number)
    epoch = {"state": "warming_up", "referenceDistance": 1.5, "rule": "none", "nEpochs": 0, "reason": "no history"}
    return {
        "pipelineVersion": "0", "survey": "ztf", "objectId": object_id, "epochId": str(number), "band": "g",
        "mjd": 61365.25, "ra": 1.0, "dec": 2.0, "ingestTime": time, "annotateTime": time,
        "backbone": {"name": "b0", "digest": "0"}, "image": {"maskedFraction": 0.0}, "epoch": epoch,
        "classifications": [], "streak": None, "lens": None, "novelty": [], "estimates": [], **fields,
    }  # fmt: skip


def judged(score: float) -> dict[str, Any]:
    """Return the part ``epoch`` of a judged one."""
    return {"state": "judged", "problematic": score > 1, "score": score, "referenceDistance": 2 * score,
            "rule": "sosia", "nEpochs": 3}  # fmt: skip


def classification(name: str, score: float | None) -> dict[str, Any]:
    """Return one network's verdict."""
    return {"classifier": name, "version": "1", "score": score, "fpr": None, "inputImage": "science", "reason": None}


def novelty(p_value: float | None, *neighbours: str, image: str = "science") -> dict[str, Any]:
    """Return one image's novelty."""
    return {"inputImage": image, "state": "scored", "distance": 1.0, "k": 1, "pValue": p_value, "indexVersion": "1",
            "neighbours": [{"id": name, "distance": 0.5} for name in neighbours], "reason": None}  # fmt: skip


def packet(number: int) -> bytes:
    """Return a survey's packet with the annotation appended, as the annotated topics hold it."""
    fields = [
        {"name": "candid", "type": "long"},
        {"name": "annotation", "type": ["null", schemas.load("annotation")], "default": None},
    ]
    schema = {"type": "record", "name": "alert", "namespace": "ztf", "fields": fields}
    return container(json.dumps(schema), b"\x02" + b"\x02" + encode("annotation", annotation(number)))
