from __future__ import annotations

from consumers.outputs.flat import annotation_columns, columns, flat

ROW = {
    "file": "a.avro",
    "epoch": {"score": 1.5, "reason": None},
    "classifications": [
        {"classifier": "streak", "score": 0.5, "reason": None},
        {"classifier": "router.lens", "score": None, "reason": "too coarse"},
    ],
    "streak": None,
    "novelty": [{"inputImage": "science", "pValue": 0.1, "neighbours": [{"id": "b", "distance": 2.0}]}],
    "estimates": [],
}


def test_fields_within_fields_go_by_dots_and_named_entries_by_their_names() -> None:
    assert flat(ROW) == {
        "file": "a.avro",
        "epoch.score": 1.5,
        "epoch.reason": None,
        "classifications.streak.score": 0.5,
        "classifications.streak.reason": None,
        "classifications.router.lens.score": None,
        "classifications.router.lens.reason": "too coarse",
        "streak": None,
        "novelty.science.pValue": 0.1,
        "novelty.science.neighbours": [{"id": "b", "distance": 2.0}],
    }


def test_a_record_that_is_null_somewhere_has_the_columns_of_its_fields_only() -> None:
    rows = [{"file": "a", "streak": None}, {"file": "b", "streak.x1": 1.0, "streak.x2": 2.0}]
    assert columns(rows) == ["file", "streak.x1", "streak.x2"]
    assert columns([{"file": "a"}], ["file", "error"]) == ["file", "error"]


def test_a_table_of_annotations_has_the_same_columns_whatever_was_found() -> None:
    known = annotation_columns()
    assert list(known)[:2] == ["file", "error"]
    assert known["epoch.problematic"] == "boolean"
    assert known["annotateTime"] == "timestamp-micros"
    assert known["epoch.state"] == "string"
    assert {"streak.x1", "streak.ra2", "lens.spread", "image.seeing"} <= set(known)
    assert "streak" not in known
