"""Own stamps: what was packed is what is read, and the frame follows the image's header."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from broker.cutout import read_cutout
from broker.reader import Reader
from broker.surveys.stamps import Stamps
from schemas.errors import DeadReason, UnreadableError
from schemas.own import pack

NORTH_LEFT = {"CRPIX1": 20.5, "CRPIX2": 20.5, "CRVAL1": 10.0, "CRVAL2": -5.0, "CD1_1": 0.0, "CD1_2": 1e-4}
WCS = NORTH_LEFT | {"CD2_1": -1e-4, "CD2_2": 0.0}


def image(cards: dict[str, float] | None = None, shape: tuple[int, ...] = (40, 40)) -> bytes:
    pixels = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    buffer = io.BytesIO()
    fits.PrimaryHDU(pixels, fits.Header(cards or {})).writeto(buffer)
    return buffer.getvalue()


def stamp(**changes: Any) -> dict[str, Any]:
    return {
        "objectId": "star 1", "epochId": "night 1", "band": "r", "mjd": 60000.5, "ra": 10.0, "dec": -5.0,
        "exposureTime": 30.0, "pixelScale": 0.36, "science": image(), "reference": image(), "difference": None,
        "zeroPoint": 25.0, "psfFwhm": 0.8, "mask": None, "variance": None, **changes,
    }  # fmt: skip


@pytest.fixture
def read() -> Callable[..., Any]:
    reader = Reader([Stamps("kids")])
    return lambda **changes: reader.read(pack("epoch_stamp", stamp(**changes)))


def test_what_was_packed_is_read(read: Callable[..., Any]) -> None:
    packet = read()
    assert (packet.survey.name, packet.object_id, packet.epoch_id, packet.band) == ("kids", "star 1", "night 1", "r")
    assert (packet.mjd, packet.ra, packet.dec, packet.exposure_time, packet.seeing) == (60000.5, 10.0, -5.0, 30.0, 0.8)
    assert (packet.reference, packet.difference, packet.mask) == (image(), None, None)


def test_an_image_without_coordinates_is_framed_as_it_is(read: Callable[..., Any]) -> None:
    packet = read()
    geometry = packet.survey.geometry(packet, read_cutout(packet.science))
    assert not geometry.north_known
    assert (geometry.x, geometry.y) == (19.5, 19.5)
    assert geometry.matrix == pytest.approx((1 / 0.36, 0.0, 0.0, 1 / 0.36))


def test_an_image_with_coordinates_has_north_up_and_the_object_in_the_middle(read: Callable[..., Any]) -> None:
    packet = read(science=image(WCS), dec=-5.0 + 0.72 / 3600)
    geometry = packet.survey.geometry(packet, read_cutout(packet.science))
    assert geometry.north_known
    # North is towards smaller columns, and the object lies two pixels north of the header's point.
    assert (geometry.x, geometry.y) == pytest.approx((17.5, 19.5))
    dx_du, dx_dv, dy_du, dy_dv = geometry.matrix
    assert (dx_du, dx_dv, dy_dv) == pytest.approx((0.0, -1 / 0.36, 0.0), abs=1e-9)
    assert abs(dy_du) == pytest.approx(1 / 0.36)


@pytest.mark.parametrize(
    "cards",
    [
        *({"CD1_2": scale, "CD2_1": -scale} for scale in (0.0, 1e-9, 1.0)),
        {"CD1_2": 1e100, "CD2_1": -1e-108},
        {"CRPIX1": 1.7e308},
        {"CRPIX2": 1.7e308},
        {"CRVAL2": 1.7e308},
    ],
)
def test_senseless_coordinates_are_no_coordinates(read: Callable[..., Any], cards: dict[str, float]) -> None:
    packet = read(science=image(WCS | cards))
    assert not packet.survey.geometry(packet, read_cutout(packet.science)).north_known


@pytest.mark.parametrize("place", [{"ra": -1.7e308}, {"dec": -1.7e308}])
def test_an_object_beyond_the_sky_has_no_place_in_its_image(read: Callable[..., Any], place: dict[str, float]) -> None:
    packet = read(science=image(WCS | {"CRVAL1": 1.7e308}), **place)
    assert not packet.survey.geometry(packet, read_cutout(packet.science)).north_known


@pytest.mark.parametrize("value", [0.0, -0.8, float("nan"), float("inf")])
def test_sizes_and_times_that_are_none_are_null(read: Callable[..., Any], value: float) -> None:
    packet = read(pixelScale=value, psfFwhm=value, exposureTime=value)
    assert (packet.pixel_scale, packet.seeing, packet.exposure_time) == (None, None, None)


def test_a_cube_of_three_bands_is_one_stamp(read: Callable[..., Any]) -> None:
    packet = read(science=image(shape=(3, 40, 40)), band="gri")
    assert read_cutout(packet.science).image.shape == (3, 40, 40)
    assert packet.band == "gri"


@pytest.mark.parametrize(
    "changes", [{"objectId": ""}, {"epochId": "\x1b[31m"}, {"objectId": "é"}, {"epochId": "x" * 500}]
)
def test_ids_that_are_none_are_refused(read: Callable[..., Any], changes: dict[str, str]) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(**changes)
    assert refused.value.reason == DeadReason.IDENTIFIERS


def test_a_band_that_is_none_is_null(read: Callable[..., Any]) -> None:
    assert read(band="../../etc").band is None
