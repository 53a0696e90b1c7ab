"""Trains the oddity network on simulated alerts and galaxies, each against itself with random light or damage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.stamp_pair import Stamp, StampPair
from consumers.assembly import open_examiner, open_surveys
from consumers.evaluate_novelty.discoveries import MOST
from consumers.evaluate_novelty.discoveries import SEED as EVALUATED_SEED
from consumers.evaluate_novelty.embedded_fields import embed
from consumers.evaluate_novelty.fields import CELLS, SCALE, SIDE, draw, ordinary
from consumers.evaluate_novelty.nights import SURVEYS, Painter, night
from consumers.evaluate_novelty.novelties import damaged, lit, seeing_in_pixels
from consumers.settings import BackboneSettings
from models.simulate.oddities import odd_damage, odd_light
from models.train.oddity import fit
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.embedding import Embedder
    from broker.examiner import Examiner

    Embeddings = NDArray[np.floating]

#: Of the nights, of the fields and of what is painted into them: other ones than the evaluation's.
SEED, FIELDS_SEED = 50, 300
LIGHT, DAMAGE = "light", "damage"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is simulated.

    Attributes
    ----------
    alerts : int
        Of each survey's night.
    fields : int
        Draws of `consumers.evaluate_novelty.fields`.
    more : int
        Draws of which only the ordinary stamps are taken.
    """

    alerts: int = 12_000
    fields: int = 40
    more: int = 200


def odd(pair: StampPair, kind: str, rng: np.random.Generator) -> StampPair:
    """Paint random light into both images of a readable pair, or spoil the science image."""
    assert isinstance(pair.science, Stamp)  # chosen so
    if kind == DAMAGE:
        whole = np.nan_to_num(pair.science.cutout.image)
        known = Stamp(replace(pair.science.cutout, image=whole), pair.science.geometry)
        return replace(pair, science=damaged(known, lambda unit: odd_damage(unit, rng)))
    fwhm, recipe = seeing_in_pixels(pair), int(rng.integers(2**32))  # both images show the same

    def light(stamp: Stamp) -> NDArray[np.floating]:
        rows, columns = stamp.cutout.image.shape[-2:]
        place = stamp.geometry.x, stamp.geometry.y
        return odd_light(max(rows, columns), *place, fwhm, np.random.default_rng(recipe))[:rows, :columns]

    return lit(pair, light)


ODDITIES = Painter("oddities", (LIGHT, LIGHT, LIGHT, DAMAGE), 0.8, odd)


def train_oddity(output: Path, work: Path, plan: Plan) -> None:
    """Simulate, train and save.

    Parameters
    ----------
    output : path
        Of the weights.
    work : path
        Folder for what is simulated; it is found again.
    plan : Plan
    """
    examiner = open_examiner(BackboneSettings())
    frames = [open_surveys([name])[0].facts.frame for name in SURVEYS]
    console = Console(stderr=True)
    usual_ones, odd_ones = [], []
    for usual, unusual in _examples(examiner, work, plan):
        console.print(f"{len(usual)} ordinary, {len(unusual)} odd")
        usual_ones.append(usual)
        odd_ones.append(unusual)
    digests = [examiner.embedder.digest(frame) for frame in frames]
    fit(np.concatenate(usual_ones), np.concatenate(odd_ones), digests).save(output)


def _examples(examiner: Examiner, work: Path, plan: Plan) -> Iterator[tuple[Embeddings, Embeddings]]:
    for survey in SURVEYS:
        drawn = night(work, examiner, survey, plan.alerts, SEED, ODDITIES)
        yield drawn.embeddings[drawn.ordinary & ~drawn.problematic], drawn.embeddings[drawn.novel]
    yield _fields(examiner.embedder, work, plan.fields)
    yield _ordinary_fields(examiner.embedder, work, plan.more)


def _fields(embedder: Embedder, work: Path, count: int) -> tuple[Embeddings, Embeddings]:
    file = work / f"oddities-fields-{count}.npz"
    if not file.is_file():
        both = [_field(embedder, number) for number in range(count)]
        usual, unusual = (np.concatenate(those) for those in zip(*both, strict=True))
        np.savez(file, allow_pickle=False, usual=usual, unusual=unusual)
    with np.load(file) as stored:
        return stored["usual"], stored["unusual"]


def _ordinary_fields(embedder: Embedder, work: Path, count: int) -> tuple[Embeddings, Embeddings]:
    """Embed further ordinary stamps: what is rare among them shall not pass for odd."""
    file = work / f"ordinary-fields-{count}.npy"
    if not file.is_file():
        first = MOST // CELLS  # behind all that the evaluation draws
        np.save(file, np.concatenate([
            embed(embedder, draw(EVALUATED_SEED, number)[ordinary(EVALUATED_SEED, number)])
            for number in range(first, first + count)
        ]))  # fmt: skip
    usual = np.load(file, mmap_mode="r")
    return usual, usual[:0]


def _field(embedder: Embedder, number: int) -> tuple[Embeddings, Embeddings]:
    rng = np.random.default_rng([FIELDS_SEED, number])
    stamps = draw(FIELDS_SEED, number)[ordinary(FIELDS_SEED, number)]
    geometry, frame = Geometry.plain((SIDE, SIDE), SCALE), SkyFrame(SIDE, SCALE)
    nothing = StampError(StampReason.MISSING, "only a science image")
    kinds = rng.choice(ODDITIES.kinds, len(stamps))
    changed = []
    for stamp, kind in zip(stamps, kinds, strict=True):
        pair = odd(StampPair(Stamp(Cutout(stamp, {}), geometry), nothing, frame, 2.0 * SCALE), str(kind), rng)
        assert isinstance(pair.science, Stamp)  # as it was before
        changed.append(pair.science.cutout.image)
    return embed(embedder, stamps), embed(embedder, np.stack(changed))
