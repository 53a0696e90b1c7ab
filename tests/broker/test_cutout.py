from __future__ import annotations

import gzip
import io
import warnings
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.cutout import MAX_BYTES, Cutout, read_cutout
from schemas.errors import StampError, StampReason
from tests.broker.packets import decode_container, decode_rubin, rubin_files, ztf_files
from tests.broker.stamps import CUTOUTS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RAMP = np.arange(10 * 12, dtype=np.float32).reshape(10, 12)


def fits_bytes(*hdus: Any) -> bytes:
    stream = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(stream, output_verify="silentfix")
    return stream.getvalue()


def primary(image: NDArray[Any], **cards: Any) -> bytes:
    hdu = fits.PrimaryHDU(image)
    hdu.header.update(cards)
    return fits_bytes(hdu)


def by_astropy(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Every image of a file, by the name of its HDU."""
    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ZTF's SIMPLE card is not standard
        hdus = fits.open(io.BytesIO(plain))
    with hdus:
        return {hdu.name: np.array(hdu.data, dtype=np.float32) for hdu in hdus}


def assert_equal(cutout: Cutout, expected: dict[str, NDArray[np.float32]]) -> None:
    image = expected["PRIMARY"]
    image[np.abs(image) > 1e30] = np.nan  # ZTF's mark of a missing pixel
    for ours, theirs in (
        (cutout.image, image),
        (cutout.variance, expected.get("UNCERT")),
        (cutout.psf, expected.get("PSFIMAGE")),
    ):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert ours.dtype == np.dtype("=f4")
            np.testing.assert_array_equal(ours, theirs)


def reason(data: bytes) -> StampReason:
    with pytest.raises(StampError) as caught:
        read_cutout(data)
    return caught.value.reason


def test_every_ztf_cutout_equals_astropys(shared_data: Path) -> None:
    files = ztf_files(shared_data)
    assert len(files) == 220
    for path in files:
        record = decode_container(path.read_bytes())
        for name in CUTOUTS:
            stamp = record[name]["stampData"]
            expected = by_astropy(stamp)
            if np.isfinite(expected["PRIMARY"]).any():
                assert_equal(read_cutout(stamp), expected)
            else:
                assert reason(stamp) is StampReason.BLANK


def test_every_rubin_cutout_equals_astropys(shared_data: Path) -> None:
    files = rubin_files(shared_data)
    assert len(files) == 54
    for path in files:
        record = decode_rubin(shared_data, path.read_bytes())
        for name in CUTOUTS:
            cutout, expected = read_cutout(record[name]), by_astropy(record[name])
            assert {"PRIMARY", "UNCERT", "PSFIMAGE"} == set(expected)
            assert_equal(cutout, expected)
            assert cutout.header["CRVAL1"] == fits.getval(io.BytesIO(record[name]), "CRVAL1")


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64, np.float32, np.float64])
def test_all_pixel_types_are_read(dtype: type) -> None:
    image = RAMP.astype(dtype)
    np.testing.assert_array_equal(read_cutout(primary(image)).image, RAMP)
    np.testing.assert_array_equal(read_cutout(gzip.compress(primary(image))).image, RAMP)


def test_unsigned_scaled_and_blank_pixels_are_read_as_astropy_does() -> None:
    np.testing.assert_array_equal(read_cutout(primary(RAMP.astype(np.uint16))).image, RAMP)
    scaled = fits.PrimaryHDU(RAMP.astype(np.int16))
    scaled.header.update(BLANK=7, BSCALE=0.5, BZERO=3.0)
    data = fits_bytes(scaled)
    expected = by_astropy(data)["PRIMARY"]
    assert np.isnan(expected[0, 7])
    np.testing.assert_array_equal(read_cutout(data).image, expected)


def test_an_image_in_the_first_extension_is_read() -> None:
    np.testing.assert_array_equal(read_cutout(fits_bytes(fits.PrimaryHDU(), fits.ImageHDU(RAMP))).image, RAMP)


@pytest.mark.parametrize("method", ["GZIP_1", "GZIP_2"])
def test_tile_compressed_images_are_read(method: str) -> None:
    data = fits_bytes(fits.PrimaryHDU(), fits.CompImageHDU(RAMP.astype(np.int32), compression_type=method))
    np.testing.assert_array_equal(read_cutout(data).image, RAMP)


@pytest.mark.parametrize("method", ["RICE_1", "HCOMPRESS_1", "PLIO_1"])
def test_other_tile_compressions_are_refused_as_not_known_to_be_bounded(method: str) -> None:
    data = fits_bytes(fits.PrimaryHDU(), fits.CompImageHDU(RAMP.astype(np.int32), compression_type=method))
    assert reason(data) is StampReason.CORRUPT


@pytest.mark.parametrize("keyword", ["NAXIS2", "PCOUNT", "GCOUNT", "BITPIX"])
def test_text_where_a_size_belongs_is_refused_before_it_is_multiplied(keyword: str) -> None:
    plain = bytearray(primary(RAMP, PCOUNT=0, GCOUNT=1))
    huge, at = plain.index(b"NAXIS1  ="), plain.index(f"{keyword:8}=".encode())
    plain[huge : huge + 80] = f"{'NAXIS1':8}= {2**32:>20}".encode().ljust(80)
    plain[at : at + 80] = f"{keyword:8}= {'': >17}'x'".encode().ljust(80)
    assert reason(bytes(plain)) is StampReason.CORRUPT


def test_a_cube_of_up_to_three_bands_is_read_and_one_of_one_band_is_an_image() -> None:
    assert read_cutout(primary(np.stack([RAMP, RAMP, RAMP]))).image.shape == (3, 10, 12)
    assert read_cutout(primary(RAMP[None])).image.shape == (10, 12)
    assert reason(primary(np.stack([RAMP] * 4))) is StampReason.SIZE


@pytest.mark.parametrize(
    ("shape", "fits_in"), [((8, 512), True), ((512, 8), True), ((7, 20), False), ((20, 513), False)]
)
def test_sides_of_8_to_512_pixels_are_read(shape: tuple[int, int], fits_in: bool) -> None:
    data = primary(np.ones(shape, dtype=np.float32))
    if fits_in:
        assert read_cutout(data).image.shape == shape
    else:
        assert reason(data) is StampReason.SIZE


def test_what_is_no_measurement_is_missing() -> None:
    image = RAMP.astype(np.float64)
    image[0, :4] = np.inf, -np.inf, 1e300, np.finfo(np.float32).min
    read = read_cutout(primary(image)).image
    assert np.isnan(read[0, :4]).all()
    np.testing.assert_array_equal(read[1:], RAMP[1:])


def test_a_stamp_without_a_finite_pixel_is_blank() -> None:
    assert reason(primary(np.full((9, 9), np.nan, dtype=np.float32))) is StampReason.BLANK


def test_no_bytes_are_a_missing_stamp() -> None:
    assert reason(b"") is StampReason.MISSING


def test_cards_are_read_as_astropy_reads_them() -> None:
    values = {"WHOLE": -12, "REAL": 1.5e-7, "DOUBLE": 57.676058608092, "YES": True, "TEXT": "it's  two", "EMPTY": ""}
    header = read_cutout(primary(RAMP, **values)).header
    assert {key: header[key] for key in values} == values


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(bytes(64 * MAX_BYTES)),
        gzip.compress(gzip.compress(bytes(64 * MAX_BYTES))),
        primary(np.zeros((3, 512, 512))) + bytes(MAX_BYTES),
    ],
    ids=["gzip", "gzip in gzip", "plain"],
)
def test_a_bomb_is_corrupt_and_never_unpacked(bomb: bytes) -> None:
    assert reason(bomb) is StampReason.CORRUPT


def test_a_tile_that_unpacks_to_more_than_it_says_is_corrupt() -> None:
    tile = gzip.compress(bytes(MAX_BYTES))
    table = fits.BinTableHDU.from_columns(
        [fits.Column("COMPRESSED_DATA", f"1PB({len(tile)})", array=[np.frombuffer(tile, ">u1")])]
    )
    cards = {"ZIMAGE": True, "ZCMPTYPE": "GZIP_1", "ZBITPIX": 16, "ZNAXIS": 2, "ZNAXIS1": 64, "ZNAXIS2": 64}
    table.header.update(cards | {"ZTILE1": 64, "ZTILE2": 64})
    assert reason(fits_bytes(fits.PrimaryHDU(), table)) is StampReason.CORRUPT


def test_truncation_is_corrupt_at_every_length(shared_data: Path) -> None:
    stamp = decode_container(ztf_files(shared_data)[0].read_bytes())["cutoutScience"]["stampData"]
    plain = gzip.decompress(stamp)
    pixels_end = 2880 + 4 * 63 * 63
    assert {reason(stamp[:length]) for length in range(1, len(stamp), 97)} == {StampReason.CORRUPT}
    assert {reason(plain[:length]) for length in range(1, pixels_end, 97)} == {StampReason.CORRUPT}
    read_cutout(plain[:pixels_end])  # what is lost here is padding


SYNTHETIC = [
    primary(RAMP, TEXT="it's"),
    primary(np.stack([RAMP, RAMP]), BUNIT="nJy"),
    fits_bytes(fits.PrimaryHDU(), fits.ImageHDU(RAMP.astype(np.int16), name="SCI")),
    fits_bytes(fits.PrimaryHDU(), fits.CompImageHDU(RAMP.astype(np.int32), compression_type="RICE_1")),
    fits_bytes(fits.PrimaryHDU(), fits.CompImageHDU(RAMP, compression_type="GZIP_2")),
    fits_bytes(fits.PrimaryHDU(RAMP), fits.ImageHDU(RAMP, name="UNCERT"), fits.ImageHDU(RAMP, name="PSFIMAGE")),
]
HARMFUL = st.sampled_from(
    [b"1e999", b"-1", b"9" * 17, b"T", b"NaN", b"NAXIS3  = ", b"ZTILE1  = ", b"XTENSION", b"'", b"END"]
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_raise_anything_but_a_stamp_error(shared_data: Path, data: st.DataObject) -> None:
    rubin = decode_rubin(shared_data, rubin_files(shared_data)[0].read_bytes())["cutoutScience"]
    ztf = decode_container(ztf_files(shared_data)[0].read_bytes())["cutoutScience"]["stampData"]
    damaged = bytearray(data.draw(st.sampled_from([*SYNTHETIC, rubin, ztf, gzip.decompress(ztf)])))
    places = st.one_of(st.integers(0, min(len(damaged), 5760) - 1), st.integers(0, len(damaged) - 1))
    for place, patch in data.draw(st.lists(st.tuples(places, HARMFUL | st.binary(min_size=1, max_size=3)), max_size=6)):
        damaged[place : place + len(patch)] = patch
    damaged = damaged[: data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))]
    payload = zlib.compress(bytes(damaged), wbits=31) if data.draw(st.booleans()) else bytes(damaged)
    try:
        image = read_cutout(payload).image
    except StampError:
        return
    assert image.dtype == np.float32
    assert min(image.shape[-2:]) >= 8
    assert not np.isinf(image).any()
