"""How trails and impostors are distributed: once for training, once for the frozen test, and never the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

Range = tuple[float, float]

#: By name and in this order, since the frozen stamps' random numbers depend on it.
SURVEYS = ("ztf", "lsst", "kids", "euclid")


@dataclass(frozen=True, slots=True)
class Population:
    """What stamps are drawn from. Signal-to-noise ratios are those of a matched filter; ranges are log-uniform.

    Attributes
    ----------
    seed : int
        First word of every stamp's random numbers.
    snr, impostor_snr : range
    shortest : float
        Shortest trail, in FWHM of the PSF: below three a trail is a point to most eyes.
    longest : float
        Longest trail [px].
    partial : float
        Share of the trails that begin outside the stamp.
    modulation : float
        Largest change of brightness along a trail [mag].
    wings : range
        Share of the PSF's light in its wings.
    axis_ratio : range
        Of edge-on galaxies.
    galaxy_length : range
        Scale length of edge-on galaxies, in FWHM.
    ray_length : range
        Of cosmic rays [px].
    satellite_width : range
        Of satellite trails, in FWHM: near satellites are out of focus.
    residuals, field : float
        Share of difference images with a star's residual, and mean number of neighbours in other images.
    rays : float
        Share of the images with a cosmic ray beside their object.
    correlated : float
        Share of the images with noise that was resampled.
    small, quantised : float
        Share of the stamps smaller than the network's window, and of those that went through 8-bit files.
    surveys : tuple of str
        Keys of `models.simulate.profiles.PROFILES`, drawn with equal chances.
    beside : float
        Mean number of a difference's other sources, bright or dark: an alert has one in its middle, whatever else.
    kernel : range or None
        Sigmas of the Gaussian that correlates the noise [px], as matching the PSFs does; None for a shift alone.
    slopes, masked : float
        Share of the images with a background that is not even, and of those with missing pixels.
    harder : float
        How many times as often as in `impostors.KINDS` those are drawn that pass most.
    crossing : float
        Share of those that begin and end outside it: a fast asteroid's, or the middle of a long trail in a window of
        a large image. A satellite's, where it is in focus, looks the same, and no stamp can tell.
    """

    seed: int
    snr: Range
    impostor_snr: Range
    shortest: float
    longest: float
    partial: float
    modulation: float
    wings: Range
    axis_ratio: Range
    galaxy_length: Range
    ray_length: Range
    satellite_width: Range
    residuals: float
    field: float
    rays: float
    correlated: float
    small: float
    quantised: float
    surveys: tuple[str, ...] = SURVEYS
    beside: float = 0.0
    kernel: Range | None = None
    slopes: float = 0.0
    masked: float = 0.0
    harder: float = 1.0
    crossing: float = 0.0


TRAINING = Population(
    seed=1,
    snr=(4.0, 200.0),
    impostor_snr=(3.0, 500.0),
    shortest=2.7,
    longest=100.0,
    partial=0.25,
    modulation=0.5,
    wings=(0.0, 0.3),
    axis_ratio=(0.1, 0.5),
    galaxy_length=(0.5, 6.0),
    ray_length=(1.0, 60.0),
    satellite_width=(1.0, 3.0),
    residuals=0.35,
    field=1.2,
    rays=0.15,
    correlated=0.5,
    small=0.2,
    quantised=0.15,
    beside=0.7,
    kernel=(0.3, 1.3),
    slopes=0.1,
    masked=0.15,
    harder=2.0,
    crossing=0.02,
)


def faint(population: Population) -> Population:
    """Return a population of faint trails, and impostors as faint, on little else: the limit of what can be found."""
    return replace(
        population,
        seed=population.seed + 1,
        snr=(4.5, 12.0),
        impostor_snr=(3.0, 30.0),
        residuals=0.05,
        field=0.1,
        rays=0.0,
        correlated=0.2,
        beside=0.1,
        slopes=0.0,
        masked=0.05,
        quantised=0.05,
    )


#: Drawn up before the first training. Its noise is white, so that the matched filter is the ideal it claims to be.
TEST = Population(
    seed=70_001,
    snr=(5.0, 50.0),
    impostor_snr=(5.0, 300.0),
    shortest=3.0,
    longest=60.0,
    partial=0.2,
    modulation=0.3,
    wings=(0.05, 0.2),
    axis_ratio=(0.08, 0.3),
    galaxy_length=(0.8, 4.0),
    ray_length=(2.0, 40.0),
    satellite_width=(1.0, 1.6),
    residuals=0.3,
    field=0.8,
    rays=0.0,
    correlated=0.0,
    small=0.15,
    quantised=0.0,
)

#: As real differences are: another source beside the object, noise that was resampled, missing pixels. Drawn up before
#: the second training. Its signal-to-noise ratios are those in white noise, as a survey would reckon them.
TEST_DIFFERENCES = replace(
    TEST,
    seed=71_001,
    rays=0.1,
    correlated=0.8,
    small=0.3,
    quantised=0.2,
    surveys=("ztf", "lsst"),
    beside=1.0,
    kernel=(0.4, 0.9),
    slopes=0.05,
    masked=0.1,
)
