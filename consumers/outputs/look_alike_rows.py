"""Look-alikes as results: a row each, beside the image that was asked about."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from consumers.outputs.html_report import Measure
from consumers.outputs.row import Picture, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from consumers.look_alikes.similar import Answer, LookAlike

#: What a report can be sorted by: of each query's look-alikes, and of candidates by how many queries propose them.
BY_DISTANCE: tuple[Measure, ...] = (Measure("distance", "distance", ascending=True),)
BY_VOTES = (Measure("votes", "votes"), *BY_DISTANCE)


def answer_rows(answers: Sequence[Answer]) -> Iterator[Row]:
    """Yield the look-alikes of each query, nearest first, each with the query's estimates where the index has labels.

    An estimate is a record `{name: {value, scatter, nNeighbours}}`, the same in all rows of a query.
    """
    for answer in answers:
        estimates = {
            one.name: {"value": one.value, "scatter": one.scatter, "nNeighbours": one.n_neighbours}
            for one in answer.estimates
        }
        for rank, one in enumerate(answer.found, 1):
            fields = {
                "query": answer.query, "rank": rank, "objectId": one.object_id, "epochId": one.epoch_id,
                "distance": one.distance, "estimates": estimates,
            }  # fmt: skip
            yield Row(fields, partial(_pictures, ("asked", answer.picture), ("look-alike", one.thumbnail)))


def candidate_rows(ranked: Sequence[LookAlike]) -> Iterator[Row]:
    """Yield candidates by how many queries propose them."""
    for rank, one in enumerate(ranked, 1):
        fields = {
            "rank": rank, "objectId": one.object_id, "epochId": one.epoch_id, "votes": one.votes,
            "distance": one.distance,
        }  # fmt: skip
        yield Row(fields, partial(_pictures, ("candidate", one.thumbnail)))


def _pictures(*pictures: tuple[str, NDArray[np.uint8] | None]) -> list[Picture]:
    return [
        Picture(label, None if grey is None else np.repeat(np.asarray(grey)[..., None], 3, axis=-1))
        for label, grey in pictures
    ]
