from __future__ import annotations

import numpy as np

from models.simulate import known_galaxies
from models.simulate.known_galaxies import FAINTEST, SIDE, draw, images


def test_the_catalogue_follows_its_relations() -> None:
    drawn = draw(np.random.default_rng(0), 4000)
    assert len(drawn) == 4000
    assert (drawn.magnitudes[:, 1] < FAINTEST).all()
    forming = drawn.part(~drawn.quiescent)
    quiet = drawn.part(drawn.quiescent)
    # The main sequence at z = 0.1 (Speagle et al. 2014), at 10.5: log SFR about 0.4.
    near = (np.abs(forming.mass - 10.5) < 0.2) & (forming.redshift < 0.15)
    assert abs(np.median(forming.rate[near]) - 0.4) < 0.2
    assert np.median(quiet.rate - quiet.mass) < -11.5
    colour = drawn.magnitudes[:, 0] - drawn.magnitudes[:, 1]
    assert np.median(colour[drawn.quiescent]) > np.median(colour[~drawn.quiescent]) + 0.2
    assert np.median(quiet.mass) > np.median(forming.mass)


def test_an_image_holds_its_galaxys_light_in_three_bands() -> None:
    rng = np.random.default_rng(1)
    drawn = draw(rng, 400)
    small = drawn.part(np.flatnonzero((drawn.radius < 2) & drawn.quiescent)[:5])
    shown = images(small, rng)
    assert shown.shape == (len(small), 3, SIDE, SIDE)
    flux = shown.sum(axis=(2, 3))
    np.testing.assert_allclose(-2.5 * np.log10(flux) + 22.5, small.magnitudes, atol=0.25)
    assert known_galaxies.images(small, np.random.default_rng(2)).std() > 0
