"""What training and test stamps are drawn from: never the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from models.simulate.lenses.camera import GROUND, SPACE, Camera
from models.simulate.lenses.priors import EUCLID, KIDS, Flat, LensPrior

if TYPE_CHECKING:
    from collections.abc import Mapping

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Population:
    """A world of lenses and impostors; ranges are even unless said otherwise.

    Attributes
    ----------
    seed : int
        First word of every stamp's random numbers.
    camera : Camera
    prior : LensPrior
        Of lenses and sources.
    hosts : LensPrior
        Of the galaxies in stamps without arcs.
    shear : float
        Largest external shear.
    lens_index, source_index : range
        Sersic's.
    discs : float
        Share of lenses with a disc.
    clumps : float
        Share of sources with star-forming knots.
    neighbours : float
        Mean number of faint galaxies in a stamp.
    companions : float
        Share of stamps with a galaxy of any colour close to the main one.
    fwhm : range
        Of the seeing in the detection band, log-uniform [arcsec].
    wings : range
        Share of the PSF's light in its wings.
    contrast, winding : range
        Of spiral arms.
    ring_width : range
        In radii of the ring.
    colour_scatter : float
        [mag].
    impostors : mapping of str to float
        Kinds of `impostors.KINDS` and how often they come among stamps without a lens.
    """

    seed: int
    camera: Camera
    prior: LensPrior
    hosts: LensPrior
    shear: float
    lens_index: Range
    source_index: Range
    discs: float
    clumps: float
    neighbours: float
    companions: float
    fwhm: Range
    wings: Range
    contrast: Range
    winding: Range
    ring_width: Range
    colour_scatter: float
    impostors: Mapping[str, float]


#: Spirals, rings and mergers are more than 30 % of them.
_IMPOSTORS = MappingProxyType(
    {"elliptical": 0.3, "spiral": 0.2, "ring": 0.1, "merger": 0.1, "chance pair": 0.2, "edge-on": 0.1}
)
_GROUND = LensPrior(
    lens_redshift=Flat(0.05, 1.1),
    source_redshift=Flat(0.4, 4.0),
    einstein_radius=Flat(0.35, 2.8),
    lens_axis_ratio=Flat(0.3, 1.0),
    lens_radius=Flat(0.3, 3.0, logarithmic=True),
    lens_magnitude=Flat(15.0, 23.0),
    source_magnitude=Flat(21.0, 26.5),
    source_radius=Flat(0.05, 1.0, logarithmic=True),
    source_axis_ratio=Flat(0.25, 1.0),
    magnification=Flat(2.5, 40.0, logarithmic=True),
)
_SPACE = LensPrior(
    lens_redshift=Flat(0.1, 1.8),
    source_redshift=Flat(0.4, 4.5),
    einstein_radius=Flat(0.15, 2.2),
    lens_axis_ratio=Flat(0.25, 1.0),
    lens_radius=Flat(0.2, 1.8, logarithmic=True),
    lens_magnitude=Flat(16.0, 26.5),
    source_magnitude=Flat(22.0, 27.5),
    source_radius=Flat(0.02, 0.7, logarithmic=True),
    source_axis_ratio=Flat(0.25, 1.0),
    magnification=Flat(2.5, 40.0, logarithmic=True),
)


def _training(seed: int, camera: Camera, prior: LensPrior, fwhm: Range, neighbours: float) -> Population:
    return Population(
        seed=seed, camera=camera, prior=prior, hosts=prior, shear=0.1,
        lens_index=(2.0, 6.0), source_index=(0.5, 2.5), discs=0.25, clumps=0.4,
        neighbours=neighbours, companions=0.3, fwhm=fwhm, wings=(0.0, 0.25),
        contrast=(0.2, 1.0), winding=(1.5, 7.0), ring_width=(0.08, 0.35), colour_scatter=0.15,
        impostors=_IMPOSTORS,
    )  # fmt: skip


def _test(seed: int, camera: Camera, prior: LensPrior, fwhm: Range, neighbours: float) -> Population:
    return Population(
        seed=seed, camera=camera, prior=prior, hosts=prior, shear=0.05,
        lens_index=(4.0, 4.0), source_index=(1.0, 1.0), discs=0.1, clumps=0.25,
        neighbours=neighbours, companions=0.2, fwhm=fwhm, wings=(0.05, 0.15),
        contrast=(0.4, 0.9), winding=(2.5, 5.5), ring_width=(0.1, 0.25), colour_scatter=0.1,
        impostors=_IMPOSTORS,
    )  # fmt: skip


TRAINING = MappingProxyType(
    {
        "ground": _training(11, GROUND, _GROUND, (0.5, 1.1), 1.2),
        "space": _training(12, SPACE, _SPACE, (0.15, 0.22), 0.6),
    }
)


def _beyond(training: Population, seed: int, widest: float) -> Population:
    """Widen a population: to stars, groups' arcs, and galaxies of any colour."""
    return replace(
        training, seed=seed, prior=replace(training.prior, einstein_radius=Flat(0.3, widest)),
        # Groups have Einstein radii of 2.5 to 8 arcsec (Limousin et al. 2009, A&A 502, 445); shear and members near are
        # round numbers.
        shear=0.25, companions=0.6, colour_scatter=0.4,
        impostors=MappingProxyType(
            {"elliptical": 0.05, "spiral": 0.1, "ring": 0.15, "merger": 0.1, "chance pair": 0.2, "star": 0.4}
        ),
    )  # fmt: skip


#: What the test lacks and streams hold: an eighth of the training. The widest Einstein radii just fit into the stamps.
BEYOND = MappingProxyType(
    {"ground": _beyond(TRAINING["ground"], 13, 5.0), "space": _beyond(TRAINING["space"], 14, 2.8)}
)

#: What passes most often, more often: of the training's impostors a network soon knows three quarters, and learns from
#: few of the rest.
CONFUSING = MappingProxyType(
    {
        sky: replace(
            TRAINING[sky], seed=seed,
            impostors=MappingProxyType(
                {"elliptical": 0.05, "spiral": 0.1, "ring": 0.25, "merger": 0.15, "chance pair": 0.4, "edge-on": 0.05}
            ),
        )
        for sky, seed in (("ground", 15), ("space", 16))
    }
)  # fmt: skip
#: Drawn up before the first training.
TEST = MappingProxyType(
    {
        "ground": _test(70_011, GROUND, KIDS, (0.58, 0.85), 1.0),
        "space": _test(70_012, SPACE, EUCLID, (0.16, 0.20), 0.5),
    }
)
