"""The lens networks on the frozen stamps."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from models.intervals import Figure, bootstrapped, draws, wilson
from models.simulate.lenses.frozen import as_seen, frozen_stamps, star_stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.lens_finder import LensFinder, LensLook
    from models.simulate.lenses.stamps import DrawnStamps

#: Share of the stamps without a lens that pass where recall is told by bins, and where lenses are accepted.
PASSING = 0.01
RADII = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
SNRS = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 1e9)
#: LensPop's own limit of what can be detected.
DETECTABLE = 20.0
_CHUNK = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What one ensemble said of many stamps, and their truth, one entry a stamp."""

    score: NDArray[np.float64]
    content: NDArray[np.float64]
    kind: NDArray[np.str_]
    lens: NDArray[np.bool_]
    einstein_radius: NDArray[np.float32]
    arc_snr: NDArray[np.float32]
    information_content: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LensFigures:
    """What is told of one form.

    Attributes
    ----------
    auroc, detectable : Figure
        Area under the curve of all lenses, and of those with arcs above S/N `DETECTABLE`.
    tpr0, tpr10 : Figure
        Recall before the first false positive, and with fewer than ten.
    at : list of (share, recall, purity at a prevalence of one in a thousand)
        Where a share of the stamps without a lens passes.
    by_radius, by_snr : list of (low, high, recall)
        At `PASSING`.
    impostors : dict
        Kind to the share of it that passes, at `PASSING`.
    spearman : Figure
        Of predicted and true information content over the lenses that pass, at `PASSING`.
    """

    auroc: Figure
    detectable: Figure
    tpr0: Figure
    tpr10: Figure
    at: list[tuple[float, Figure, float]]
    by_radius: list[tuple[float, float, Figure]]
    by_snr: list[tuple[float, float, Figure]]
    impostors: dict[str, Figure]
    spearman: Figure


def look_at_frozen(
    sky: str, finders: Sequence[LensFinder], count: int, seen: Callable[[int], None], first: int = 0
) -> list[Looks]:
    """Draw the frozen stamps of a sky and show them to every ensemble; those of one band see the detection band.

    Parameters
    ----------
    sky : str
        ``ground`` or ``space``.
    finders : sequence of LensFinder
    count, first : int
        Stamps, and the first one's number.
    seen : callable
        Told how many more are done.
    """
    parts: list[list[Looks]] = [[] for _ in finders]
    for start in range(0, count, _CHUNK):
        stamps = frozen_stamps(sky, min(_CHUNK, count - start), first + start)
        for part, finder in zip(parts, finders, strict=True):
            looks = show(stamps, finder)
            part.append(
                Looks(
                    np.array([one.score for one in looks]), np.array([one.information_content for one in looks]),
                    stamps.kind, stamps.lens, stamps.einstein_radius, stamps.arc_snr, stamps.information_content,
                )
            )  # fmt: skip
        seen(len(stamps.images))
    return [together(part) for part in parts]


def show(stamps: DrawnStamps, finder: LensFinder) -> list[LensLook]:
    """Show stamps to an ensemble."""
    form = finder.form
    return finder.look(as_seen(stamps, form.sky, form.bands), form.pixel_scale)


def stars_passing(finder: LensFinder, threshold: float, count: int) -> Figure:
    """Measure how many stars are taken for lenses."""
    return _share(np.array([one.score > threshold for one in show(star_stamps(finder.form.sky, count), finder)]))


def together(parts: Sequence[Looks]) -> Looks:
    """Join several looks."""
    return Looks(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Looks)))


def measure(looks: Looks) -> LensFigures:
    """Measure an ensemble."""
    lens, score = looks.lens, looks.score
    threshold = threshold_at(score[~lens], PASSING)
    passed = score > threshold
    detectable = ~lens | (looks.arc_snr >= DETECTABLE)
    at = []
    for share in (1e-2, 1e-3, 1e-4):
        recall = float((score[lens] > threshold_at(score[~lens], share)).mean())
        at.append((share, wilson(round(recall * lens.sum()), int(lens.sum())), purity(recall, share)))
    return LensFigures(
        auroc=auroc(score, lens),
        detectable=auroc(score[detectable], lens[detectable]),
        tpr0=recall_before(score, lens, 1),
        tpr10=recall_before(score, lens, 10),
        at=at,
        by_radius=_bins(passed[lens], looks.einstein_radius[lens], RADII),
        by_snr=_bins(passed[lens], looks.arc_snr[lens], SNRS),
        impostors={str(kind): _share(passed[looks.kind == kind]) for kind in np.unique(looks.kind[~lens])},
        spearman=spearman(looks.content[lens & passed], looks.information_content[lens & passed]),
    )


def threshold_at(negatives: NDArray[np.float64], share: float) -> float:
    """Score that at most a share of the stamps without a lens lies above."""
    return float(np.quantile(negatives, 1.0 - share, method="higher"))


def auroc(score: NDArray[np.float64], lens: NDArray[np.bool_]) -> Figure:
    """Measure the area under the curve; interval by DeLong et al. (1988, Biometrics 44, 837)."""
    good, bad = np.sort(score[lens]), np.sort(score[~lens])
    if not len(good) or not len(bad):
        return Figure(float("nan"), float("nan"), float("nan"), len(score))
    # Ties count half.
    above = (np.searchsorted(bad, good, "left") + np.searchsorted(bad, good, "right")) / 2 / len(bad)
    below = 1 - (np.searchsorted(good, bad, "left") + np.searchsorted(good, bad, "right")) / 2 / len(good)
    area, half = float(above.mean()), 1.96 * float(np.sqrt(above.var() / len(good) + below.var() / len(bad)))
    return Figure(area, area - half, min(area + half, 1.0), len(score))


def recall_before(score: NDArray[np.float64], lens: NDArray[np.bool_], false_positives: int) -> Figure:
    """Measure the share of lenses above the given false positive, counted from the top.

    The interval resamples lenses and impostors: the few highest impostors decide.
    """
    good, bad = np.sort(score[lens]), np.sort(score[~lens])[::-1]
    value = _above(good, bad[min(false_positives, len(bad)) - 1])
    rng = np.random.default_rng(len(score))
    resampled = []
    for _ in range(1000):
        # How often each of the highest impostors is in a resample, to a very good approximation.
        counts = rng.poisson(1.0, min(len(bad), 20 * false_positives + 50)).cumsum()
        place = int(np.searchsorted(counts, false_positives))
        share = _above(good, bad[min(place, len(bad) - 1)])
        resampled.append(rng.binomial(len(good), share) / len(good))
    return bootstrapped(value, np.array(resampled), len(good))


def spearman(found: NDArray[np.float64], truth: NDArray[np.floating]) -> Figure:
    """Measure the rank correlation; interval by the bootstrap over at most 4,000 of the lenses, scaled to all."""
    from scipy.stats import rankdata

    ranks = np.stack([rankdata(found), rankdata(truth)])
    if ranks.shape[1] < 3:
        return Figure(float("nan"), float("nan"), float("nan"), ranks.shape[1])
    value = float(np.corrcoef(ranks)[0, 1])
    some = ranks[:, : min(ranks.shape[1], 4000)]
    with np.errstate(invalid="ignore"):  # of few, a resample may hold one alone
        resampled = np.array([np.corrcoef(some[:, drawn])[0, 1] for drawn in draws(some.shape[1])])
    spread = (resampled - np.nanmean(resampled)) * np.sqrt(some.shape[1] / ranks.shape[1])
    return bootstrapped(value, value + spread, ranks.shape[1])


def purity(recall: float, passing: float, prevalence: float = 1e-3) -> float:
    """Share of lenses among what passes, where so many of the galaxies looked at are lenses."""
    true, false = recall * prevalence, passing * (1.0 - prevalence)
    return true / (true + false) if true + false else float("nan")


def _above(rising: NDArray[np.float64], threshold: float) -> float:
    return float(1.0 - np.searchsorted(rising, threshold, "right") / len(rising))


def _bins(
    passed: NDArray[np.bool_], value: NDArray[np.float32], edges: Sequence[float]
) -> list[tuple[float, float, Figure]]:
    inside = [(low, high, (value >= low) & (value < high)) for low, high in pairwise(edges)]
    return [(low, high, _share(passed[which])) for low, high, which in inside]


def _share(hits: NDArray[np.bool_]) -> Figure:
    return wilson(int(hits.sum()), len(hits))
