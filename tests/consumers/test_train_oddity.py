from __future__ import annotations

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.stamp_pair import Stamp, StampPair
from consumers.train_oddity import DAMAGE, LIGHT, odd
from schemas.errors import StampError, StampReason

SIDE = 63


def sky(seed: int) -> Stamp:
    image = np.random.default_rng(seed).normal(100.0, 5.0, (SIDE, SIDE)).astype(np.float32)
    image[:3] = np.nan
    return Stamp(Cutout(image, {}), Geometry.plain((SIDE, SIDE), 1.0))


def change(old: Stamp | StampError, new: Stamp | StampError) -> np.ndarray:
    assert isinstance(old, Stamp)
    assert isinstance(new, Stamp)
    return new.cutout.image - old.cutout.image


def test_light_is_in_both_images_and_damage_in_the_science_image() -> None:
    pair = StampPair(sky(0), sky(1), SkyFrame(SIDE, 1.0), 2.0)
    lit = odd(pair, LIGHT, np.random.default_rng(2))
    science, reference = change(pair.science, lit.science), change(pair.reference, lit.reference)
    assert np.nanmax(science) > 5.0 * 4.0  # the peak is 5 sigma at least
    np.testing.assert_allclose(science, reference, atol=1e-3)
    spoilt = odd(pair, DAMAGE, np.random.default_rng(3))
    assert spoilt.reference is pair.reference
    assert np.nanmax(np.abs(change(pair.science, spoilt.science))) > 0


def test_a_missing_reference_stays_missing() -> None:
    nothing = StampError(StampReason.MISSING, "none")
    pair = StampPair(sky(0), nothing, SkyFrame(SIDE, 1.0), 2.0)
    assert odd(pair, LIGHT, np.random.default_rng(0)).reference is nothing
