"""How encounters, galaxies and images are distributed: once for training, once for the frozen test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Population:
    """What stamps are drawn from; ranges of lengths, ratios and fluxes are log-uniform, the others uniform.

    Attributes
    ----------
    seed : int
        First word of all random numbers.
    mass, radius : (median, spread)
        Log-normal mass and outer radius of the second galaxy, in the first's: spread in natural logarithms.
    pericentre, speed, drag, time : range
        Of the encounters, as `three_body.Encounters` has them; time since the closest approach.
    torn : float
        Least share of a pair's light out of place: what is torn less is no merger to any eye, and not drawn.
    scale_length : range
        Of a disc's light, in its outer radius.
    bulge : float
        Largest share of a bulge in a disc galaxy's light.
    arms : range
        Pitch of spiral arms [deg].
    contrast : float
        Largest of the arms.
    clumps : float
        Mean number of star-forming knots of a disc.
    lopsided : float
        Largest first harmonic of an undisturbed disc's light.
    size : range
        Half-light radius of the host [px].
    resolution : float
        Least half-light radius in FWHM of the PSF.
    surface_brightness : range
        Mean of the host within its half-light radius [mag/arcsec^2].
    limit : range
        Noise of one arcsec^2 [mag/arcsec^2]: how deep the images are.
    stars, neighbours : float
        Mean numbers in a stamp.
    separation : range
        Of chance pairs, in the host's half-light radii.
    painted : float
        Share of undisturbed galaxies by another painter, `models.simulate.morphology`.
    envelope, remnants : float
        Shares of the mergers that lie in one common envelope, and that are settling remnants with shells instead.
    crowded, glare : float
        Shares of stamps in a dense field, and beside a bright star.
    impostors : mapping of str to float
        Shares of keys of `impostors.KINDS`, of sum 1.
    """

    seed: int
    mass: Range
    radius: Range
    pericentre: Range
    speed: Range
    drag: Range
    time: Range
    torn: float
    scale_length: Range
    bulge: float
    arms: Range
    contrast: float
    clumps: float
    lopsided: float
    size: Range
    resolution: float
    surface_brightness: Range
    limit: Range
    stars: float
    neighbours: float
    separation: Range
    painted: float
    envelope: float
    remnants: float
    crowded: float
    glare: float
    impostors: Mapping[str, float]


TRAINING = Population(
    seed=3,
    mass=(0.55, 0.6),
    radius=(0.75, 0.45),
    pericentre=(0.25, 1.3),
    speed=(0.85, 1.2),
    drag=(0.0, 1.0),
    time=(0.5, 8.0),
    torn=0.12,
    scale_length=(0.22, 0.38),
    bulge=0.6,
    arms=(8.0, 40.0),
    contrast=5.0,
    clumps=5.0,
    lopsided=0.4,
    size=(2.5, 13.0),
    resolution=1.1,
    surface_brightness=(20.0, 24.0),
    limit=(25.8, 29.0),
    stars=1.5,
    neighbours=1.5,
    separation=(1.2, 8.0),
    painted=0.35,
    envelope=0.2,
    remnants=0.08,
    crowded=0.15,
    glare=0.1,
    impostors=MappingProxyType(
        {
            "disc": 0.17,
            "regular spiral": 0.20,
            "painted galaxy": 0.11,
            "spheroid": 0.12,
            "irregular": 0.08,
            "chance pair": 0.10,
            "group": 0.04,
            "star beside": 0.09,
            "star": 0.05,
            "star field": 0.04,
        }
    ),
)

#: Drawn up before the training of the weights that ship. Mass and radius of the second galaxy follow the 62 best fits
#: of Galaxy Zoo: Mergers (JSPAM's archive).
TEST = Population(
    seed=70_003,
    mass=(0.58, 0.5),
    radius=(0.75, 0.4),
    pericentre=(0.3, 1.2),
    speed=(0.9, 1.15),
    drag=(0.1, 0.6),
    time=(0.7, 6.0),
    torn=0.15,
    scale_length=(0.25, 0.35),
    bulge=0.5,
    arms=(10.0, 35.0),
    contrast=2.5,
    clumps=3.0,
    lopsided=0.25,
    size=(3.0, 12.0),
    resolution=1.5,
    surface_brightness=(20.5, 23.5),
    limit=(27.0, 28.0),
    stars=1.0,
    neighbours=1.2,
    separation=(1.5, 7.0),
    painted=0.5,
    envelope=0.0,
    remnants=0.0,
    crowded=0.0,
    glare=0.0,
    impostors=MappingProxyType(
        {
            "disc": 0.22,
            "painted galaxy": 0.14,
            "spheroid": 0.12,
            "irregular": 0.10,
            "chance pair": 0.22,
            "group": 0.05,
            "star beside": 0.12,
            "star": 0.03,
        }
    ),
)
