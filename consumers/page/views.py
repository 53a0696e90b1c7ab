"""The page's views: which annotations each shows, in which order, and what is told of one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consumers.candidates import THRESHOLDS

if TYPE_CHECKING:
    from consumers.page.board import Board, Entry

#: An index scores one image in so many as this novel; of 10,000 alerts about ten.
NOVEL = 1e-3


@dataclass(frozen=True, slots=True)
class View:
    """A view: its heading, its filter, and what is strongest in it."""

    heading: str
    where: str
    strength: Callable[[Mapping[str, Any]], float | None]


def _candidates(heading: str, name: str) -> View:
    where = f"{name}.score > {THRESHOLDS[name]:.6g}"
    return View(heading, where, lambda annotation: scores_of(annotation).get(name))


def _epoch_score(annotation: Mapping[str, Any]) -> float | None:
    score: float | None = annotation["epoch"]["score"]
    return score


def _novelty(annotation: Mapping[str, Any]) -> float | None:
    value = p_value(annotation)
    return None if value is None else -value


VIEWS: Mapping[str, View] = {
    "newest": View("Newest", "", _epoch_score),
    "flagged": View("Problematic epochs", "epoch.problematic", _epoch_score),
    "streaks": _candidates("Streaks", "streak"),
    "lenses": _candidates("Lens candidates", "lens"),
    "mergers": _candidates("Mergers", "merger"),
    "novel": View("Novelties", f"novelty.pValue < {NOVEL}", _novelty),
}


def select(board: Board, view: str, where: str = "", survey: str = "", order: str = "newest") -> list[Entry]:
    """Return the entries of a view that pass a further filter.

    Parameters
    ----------
    board : Board
    view : str
        A name in `VIEWS`; an unknown one shows the newest.
    where : str
        See `consumers.client.expression`.
    survey : str
        Only of this one; empty for all.
    order : str
        ``newest`` first, or ``strongest``.

    Raises
    ------
    ConfigurationError
        The filter is none.
    """
    chosen = VIEWS.get(view, VIEWS["newest"])
    entries = board.passing(where.strip() or chosen.where)
    if where.strip() and chosen.where:
        further = {entry.number for entry in board.passing(chosen.where)}
        entries = [entry for entry in entries if entry.number in further]
    if survey:
        entries = [entry for entry in entries if entry.annotation["survey"] == survey]
    if order == "strongest":
        entries.sort(key=lambda entry: _descending(chosen.strength(entry.annotation)))
    return entries


def _descending(value: float | None) -> float:
    return math.inf if value is None else -value


def scores_of(annotation: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores of the classifiers that gave one."""
    return {one["classifier"]: one["score"] for one in annotation["classifications"] if one["score"] is not None}


def p_value(annotation: Mapping[str, Any]) -> float | None:
    """Return the smallest novelty p-value of an annotation's images."""
    values = [one["pValue"] for one in annotation["novelty"] if one["pValue"] is not None]
    return min(values, default=None)


def row(entry: Entry) -> dict[str, Any]:
    """Return what a list tells of an entry, as JSON has it."""
    annotation, epoch = entry.annotation, entry.annotation["epoch"]
    return {
        "origin": entry.origin,
        **{key: annotation[key] for key in ("survey", "objectId", "epochId", "band", "mjd", "ra", "dec")},
        "annotateTime": annotation["annotateTime"].isoformat(),
        "state": epoch["state"],
        "problematic": epoch["problematic"],
        "score": epoch["score"],
        "distance": epoch["referenceDistance"],
        "classes": scores_of(annotation),
        "pValue": p_value(annotation),
    }


def history(board: Board, survey: str, object_id: str) -> list[dict[str, Any]]:
    """Return one object's epochs on the page, in the order of their times."""
    own = [
        entry
        for entry in board.entries()
        if entry.annotation["objectId"] == object_id and entry.annotation["survey"] == survey
    ]
    return [row(entry) for entry in sorted(own, key=lambda entry: entry.annotation["mjd"] or 0.0)]


def sky(entries: list[Entry], most: int = 1500) -> list[tuple[float, float, bool]]:
    """Return where the first so many are: right ascension and declination [deg], and whether they are flagged."""
    return [
        (round(a["ra"], 3), round(a["dec"], 3), bool(a["epoch"]["problematic"]))
        for entry in entries[:most]
        for a in (entry.annotation,)
        if a["ra"] is not None and a["dec"] is not None
    ]
