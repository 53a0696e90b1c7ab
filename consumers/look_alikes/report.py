"""What `sosia index` and `sosia similar` print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from broker.novelty import manifest as manifests
from broker.novelty.versions import current, survey_folder
from consumers.look_alikes.similar import known_surveys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from broker.novelty.manifest import Manifest
    from consumers.look_alikes.similar import Answer, LookAlike
    from consumers.look_alikes.weirdest import Ranked


def describe(manifest: Manifest) -> str:
    """Tell what a version holds, and what was measured of it."""
    lines = [f"{manifest.survey}  version {manifest.version}  backbone {manifest.digest[:12]}"]
    for one in manifest.populations:
        dropped, calibration, recall = one.dropped, one.calibration, one.recall
        lines.append(
            f"  {one.band or '-'} {one.image}: {one.entries} entries of {one.objects} objects, {one.space} "
            f"{one.dimensions} x {one.number} {one.metric}, {one.bytes_per_entry:.0f} bytes an entry, "
            f"score {one.score} (k = {one.k})"
        )
        lines.append(
            f"    left out: {dropped.problematic} problematic, {dropped.repeated} repeated, "
            f"{dropped.not_finite} not finite, "
            f"{dropped.near_duplicates} near-duplicates, {dropped.for_memory} for memory"
        )
        pooled = ", pooled" if calibration.pooled else ""
        tail = f"tails fitted to {calibration.tails} excesses" if calibration.tails else "no tail"
        lines.append(
            f"    calibration: {calibration.first} first and {calibration.later} later epochs of "
            f"{calibration.objects} objects{pooled}, {tail}"
        )
        lines.append(
            f"    recall of {recall.queries} held-out images: {_share(recall.at_1)} at 1, {_share(recall.at_10)} at 10 "
            f"(of whole embeddings' neighbours: {_share(recall.embedding_at_1)}, {_share(recall.embedding_at_10)})"
        )
    return "\n".join(lines) + "\n"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def list_versions(root: Path) -> str:
    """List every survey's versions, the one in use with what was measured of it; raises as `known_surveys`."""
    lines = []
    for survey in known_surveys(root):
        used = current(root, survey)
        for folder in sorted(path.parent for path in survey_folder(root, survey).glob(f"*/{manifests.FILE}")):
            if folder.name == used:
                lines.append(f"* {describe(manifests.read(folder))}")
            elif not folder.name.startswith("."):
                lines.append(f"  {survey}  version {folder.name}\n")
    return "".join(lines)


def ranked_json(one: Ranked) -> dict[str, Any]:
    """Return one ranked image as a line has it."""
    sighting = one.seen.sighting
    assert sighting is not None  # only such are ranked
    return {
        "file": str(one.seen.file),
        "survey": sighting.population.survey,
        "objectId": sighting.identity.object_id,
        "epochId": sighting.epoch_id,
        "band": sighting.population.band,
        "pValue": one.p_value,
        "score": one.score,
        "problematic": sighting.problematic,
    }


def answer_lines(answers: Sequence[Answer]) -> Iterator[dict[str, Any]]:
    """Return the look-alikes of queries, a line each, then what they tell of the query."""
    for answer in answers:
        for one in answer.found:
            yield {
                "query": answer.query, "objectId": one.object_id, "epochId": one.epoch_id, "distance": one.distance
            }  # fmt: skip
        for estimate in answer.estimates:
            yield {
                "query": answer.query, "name": estimate.name, "value": estimate.value, "scatter": estimate.scatter,
                "nNeighbours": estimate.n_neighbours,
            }  # fmt: skip


def candidate_lines(ranked: Sequence[LookAlike]) -> Iterator[dict[str, Any]]:
    """Return candidates by frequency, a line each."""
    for one in ranked:
        yield {
            "objectId": one.object_id, "epochId": one.epoch_id, "votes": one.votes, "distance": one.distance
        }  # fmt: skip
