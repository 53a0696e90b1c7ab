from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from astropy.io.fits import HDUList, Header, ImageHDU, PrimaryHDU
from astropy.wcs import WCS

from broker.annotator import stamp_pair
from broker.classifiers.contract import Abstention, Sight, View, fwhm_of
from broker.classifiers.streak import StreakClassifier
from broker.classifiers.views import PacketViews, difference_view
from broker.surveys.ztf import Ztf
from models.simulate.streaks.sources import star
from models.simulate.streaks.trail import Segment
from models.streak_detector import THRESHOLD, load
from tests.broker.classifiers.sights import Image, a_packet, a_sight
from tests.models.streak_stamp import stamp

TRAIL = Segment(14.0, 40.0, 46.0, 22.0)


@pytest.fixture(scope="module")
def classifier() -> StreakClassifier:
    return StreakClassifier(load())


def looked(classifier: StreakClassifier, *differences: Image, **fields: Any) -> list[View]:
    views = [classifier.view(PacketViews(a_sight(science=one, difference=one, **fields))) for one in differences]
    assert all(isinstance(view, View) for view in views)
    return [view for view in views if isinstance(view, View)]


def test_a_streak_is_measured_and_an_empty_stamp_has_none(classifier: StreakClassifier) -> None:
    trail = stamp(TRAIL, 40.0)
    bright, dark, empty = classifier.look(looked(classifier, trail, -trail, stamp(TRAIL, 0.0)))
    for found in (bright, dark):
        assert found.score > THRESHOLD
        assert found.streak is not None
        assert found.streak.length == pytest.approx(0.2 * TRAIL.length, abs=0.5)
        assert sorted((found.streak.x1, found.streak.x2)) == pytest.approx([14.0, 46.0], abs=2.0)
        assert found.streak.ra1 is found.streak.dec2 is None
    assert empty.score < THRESHOLD
    assert empty.streak is None


def test_ends_and_position_angle_are_the_skys_where_the_header_tells(classifier: StreakClassifier) -> None:
    turn, scale = np.radians(33.0), 0.2 / 3600.0
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    packet = a_packet()
    ra, dec = packet.mean_ra, packet.mean_dec
    assert ra is not None
    assert dec is not None
    cards = {
        "CRPIX1": 20.0,
        "CRPIX2": 25.0,
        "CRVAL1": ra,
        "CRVAL2": dec,
        "CD1_1": -c,
        "CD1_2": s,
        "CD2_1": s,
        "CD2_2": c,
    }
    (found,) = classifier.look(looked(classifier, stamp(TRAIL, 40.0), cards=cards))
    streak = found.streak
    assert streak is not None
    world = WCS(Header({**cards, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}))
    first = world.pixel_to_world(streak.x1, streak.y1)
    second = world.pixel_to_world(streak.x2, streak.y2)
    assert (streak.ra1, streak.dec1) == pytest.approx((first.ra.deg, first.dec.deg), abs=1e-6)
    assert (streak.ra2, streak.dec2) == pytest.approx((second.ra.deg, second.dec.deg), abs=1e-6)
    assert streak.length == pytest.approx(first.separation(second).arcsec, rel=1e-4)
    assert streak.position_angle == pytest.approx(first.position_angle(second).deg % 180.0, abs=0.05)


def test_the_psfs_width_is_the_images_own_or_the_packets_or_not_known() -> None:
    image = stamp(TRAIL, 40.0)

    def width(sight: Sight) -> float | None:
        view = difference_view(sight)
        assert isinstance(view, View)
        return view.fwhm

    assert width(a_sight(science=image, difference=image)) == pytest.approx(3.0)
    assert width(a_sight(science=image, difference=image, seeing=None)) is None
    assert width(a_sight(science=image, difference=image, seeing=None, survey=Ztf())) == pytest.approx(2.0, abs=0.05)
    file = BytesIO()
    psf = ImageHDU(star((41, 41), 20.0, 20.0, 4.2), name="PSFIMAGE")
    HDUList([PrimaryHDU(image), psf]).writeto(file)
    packet = replace(a_sight(science=image).packet, difference=file.getvalue())
    pair = stamp_pair(packet)
    assert width(Sight(packet, pair.science, pair.reference)) == pytest.approx(4.2, rel=0.01)
    assert fwhm_of(np.zeros((5, 5), np.float32)) is None


def test_a_streak_is_what_raised_the_alert(classifier: StreakClassifier) -> None:
    """A dark one in an alert of something that brightened is another's, and not looked for."""
    trail = stamp(TRAIL, 40.0)
    scores = [
        classifier.look(looked(classifier, image, polarity=polarity))[0].score > THRESHOLD
        for image, polarity in ((trail, 1), (-trail, -1), (-trail, 1), (trail, -1))
    ]
    assert scores == [True, True, False, False]


def test_outside_the_domain_nothing_is_scored(classifier: StreakClassifier) -> None:
    image = stamp(TRAIL, 40.0)
    coarse = classifier.view(PacketViews(a_sight(science=image, difference=image, scale=4.0)))
    assert coarse == Abstention("difference", "pixel scale too coarse")
    small = classifier.view(PacketViews(a_sight(science=image[:20, :20], difference=image[:20, :20])))
    assert isinstance(small, Abstention)
    assert "smaller" in small.reason
