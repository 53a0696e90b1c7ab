from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.client import compile_expression
from schemas.errors import ConfigurationError
from schemas.own import pack, unpack
from tests.consumers.client.annotations import annotation, classification, judged, novelty

JUDGED = annotation(
    1,
    epoch=judged(1.5),
    image={"maskedFraction": 0.0, "magnitude": 17.5},
    classifications=[classification("streak", 0.75), classification("lens", None), classification("router.lens", 0.25)],
    novelty=[novelty(0.5), novelty(1e-4, image="reference")],
    lens={"informationContent": 2.0, "spread": 0.5},
)
UNJUDGED = annotation(2)


def passes(text: str, record: dict[str, Any] = JUDGED) -> bool:
    return compile_expression(text)(unpack("annotation", pack("annotation", record)))


@pytest.mark.parametrize(
    "text",
    [
        "epoch.problematic",
        "epoch.problematic and novelty.pValue < 1e-3",
        "1 < epoch.score <= 1.5 and band in ('g', 'r')",
        "epoch.state == 'judged' or streak.score > 2",
        "not epoch.score > 2",
        "image.magnitude - 1 < 2 * 9 and abs(-dec) == 2 and ra / 2 == 0.5",
        "annotateTime > '2026-10-01T06:00' and annotateTime < '2026-10-01T08:30+02:00'",
        "cone(1.0, 2.5, 0.5) and not cone(1.0, 2.5, 0.49)",
        "'18abc' in objectId and objectId not in ['a', 'b']",
    ],
)
def test_what_holds_passes(text: str) -> None:
    assert passes(text)
    assert not passes(f"not ({text})")


def test_an_asteroids_trail_is_told_from_a_fault_by_its_streak() -> None:
    """The epoch network calls a third of the trails a fault of the image."""
    trail = dict.fromkeys(("x1", "y1", "x2", "y2", "length", "positionAngle"), 10.0)
    asteroid = annotation(1, epoch=judged(1.5), streak=trail)
    faults = "epoch.problematic and streak is None"
    assert passes(faults)
    assert passes("epoch.problematic", asteroid)
    assert not passes(faults, asteroid)


@pytest.mark.parametrize("ra", [None, float("nan"), float("inf")])
def test_a_place_that_is_none_is_neither_in_a_cone_nor_outside(ra: float | None) -> None:
    record = annotation(1, ra=ra)
    assert not passes("cone(1.0, 2.0, 1)", record)
    assert not passes("not cone(1.0, 2.0, 1)", record)


def test_a_list_matches_if_any_entry_does() -> None:
    assert passes("novelty.pValue < 1e-3")
    assert passes("novelty.pValue > 0.1")
    assert not passes("0.1 > novelty.pValue > 0.01")


def test_entries_of_many_lists_are_not_combined() -> None:
    assert passes("novelty.pValue + novelty.distance > 1.4")
    assert passes("novelty.science.pValue + novelty.science.distance + epoch.score + ra == 4")
    with pytest.raises(ConfigurationError, match=r"3 lists.*name an entry"):
        compile_expression("novelty.pValue + novelty.distance - novelty.k > 0")
    with pytest.raises(ConfigurationError, match="4 lists"):
        compile_expression("novelty.neighbours.distance * novelty.neighbours.distance > 0")


def test_entries_are_chosen_by_name() -> None:
    assert passes("novelty.science.pValue == 0.5")
    assert passes("novelty.reference.pValue < 1e-3")
    assert passes("streak.score == 0.75 and router.lens.score < 0.5")


def test_fields_of_the_annotation_go_before_entries() -> None:
    assert passes("lens.informationContent == 2 and lens.score == None and lens != None and streak == None")
    assert passes("streak.length == None")


@pytest.mark.parametrize(
    "text",
    ["epoch.score > 1", "epoch.problematic", "lens.score > 0", "merger.score > 0", "novelty.pValue < 1",
     "1 / (ra - 1) > 0"],
)  # fmt: skip
def test_what_is_unknown_does_not_pass_negated_or_not(text: str) -> None:
    assert not passes(text, UNJUDGED)
    assert not passes(f"not {text}", UNJUDGED)


def test_what_is_unknown_does_not_matter_where_the_rest_decides() -> None:
    assert passes("epoch.problematic or band == 'g'", UNJUDGED)
    assert not passes("epoch.problematic and band == 'g'", UNJUDGED)
    assert passes("not (epoch.problematic and band == 'r')", UNJUDGED)
    assert passes("epoch.score == None and merger.score is None", UNJUDGED)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("epoch.scor > 1", "did you mean score"),
        ("epoch.scor > 1 and", "cannot be read"),
        ("objectid == 'a'", "did you mean objectId"),
        ("novelty.scienc.pValue < 1", "novelty has no field 'scienc'"),
        ("band < 3", "text does not compare with a number"),
        ("mjd", "is a number, not a condition"),
        ("epoch == 1", "a record does not compare"),
        ("annotateTime > 'noon'", "no time in ISO 8601"),
        ("__import__('os').system('true')", "not of the filters' language"),
        ("band.__class__ == 'a'", "no field '__class__'"),
        ("2 ** 9 ** 9 ** 9 > 1", "not of the filters' language"),
        ("'a' * 10 ** 9 == 'b'", "not of the filters' language"),
        ("[x for x in band] == 1", "not of the filters' language"),
        ("(lambda: True)()", "not of the filters' language"),
        ("cone(ra, dec, 1)", "three numbers"),
        ("band in 3", "'in' wants a list"),
        ("(" * 900 + "1 > 0" + ")" * 900, "cannot be read"),
        ("mjd > 0" * 1000, "longer than"),
        ("", "cannot be read"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compile_expression(text)
    assert says in str(caught.value)


ATOMS = st.sampled_from(
    ["epoch.problematic", "epoch.score", "novelty.pValue", "band", "1", "-2.5", "'g'", "None", "True", "ra", "streak"]
)
TEXTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or", "<", "==", "!=", "in", "is", "+", "/", "**"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        inner.map(lambda text: f"(not {text})"),
        inner.map(lambda text: f"abs({text})"),
    ),
    max_leaves=8,
)


@given(st.one_of(TEXTS, st.text(max_size=40)))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    try:
        compiled = compile_expression(text)
    except ConfigurationError:
        return
    assert compiled(JUDGED) in (True, False)
    assert compiled({**UNJUDGED, "epoch": {**judged(1.0), "score": None, "problematic": None}}) in (True, False)
