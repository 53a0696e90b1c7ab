"""FITS files that no survey sends."""

from __future__ import annotations

import gzip
import io
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import random

    from numpy.typing import NDArray

BLOCK, CARD = 2880, 80
#: What a card may claim.
VALUES = (
    "0", "1", "2", "3", "7", "8", "-1", "-8", "-32", "-64", "16", "32", "64", "512", "513", "999", "1000",
    "2147483647", "-2147483648", "4294967296", "9223372036854775807", "-9223372036854775808", "1" * 30, "1E999",
    "-1E999", "NaN", "1.5", "1D400", ".", "-", "T", "F", "'x'", "'it''s'", "''", "'unclosed", "(1, 2)", "",
    "'\xff\xfe'", "/ comment only", "1E-320", "1E300", "0.0",
)  # fmt: skip
KEYWORDS = (
    "SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "NAXIS4", "NAXIS999", "BSCALE", "BZERO", "BLANK",
    "PCOUNT", "GCOUNT", "GROUPS", "EXTEND", "XTENSION", "EXTNAME", "UTYPE", "TFIELDS", "TFORM1", "TTYPE1", "THEAP",
    "ZIMAGE", "ZCMPTYPE", "ZBITPIX", "ZNAXIS", "ZNAXIS1", "ZNAXIS2", "ZTILE1", "ZTILE2", "CRPIX1", "CRPIX2", "CRVAL1",
    "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2", "CDELT1", "CDELT2", "PC1_1", "COMMENT", "HISTORY", "CONTINUE",
    "HIERARCH", "END", "", "\xff\xff", "lower",
)  # fmt: skip


def card(keyword: str, value: str) -> bytes:
    return f"{keyword:8.8}= {value:>20}".encode("latin-1")[:CARD].ljust(CARD)


def header(*cards: tuple[str, str]) -> bytes:
    return blocks(b"".join(card(*one) for one in cards) + b"END".ljust(CARD), b" ")


def blocks(data: bytes, fill: bytes = b"\0") -> bytes:
    return data + fill * (-len(data) % BLOCK)


def plain_image(pixels: NDArray[Any], *cards: tuple[str, str]) -> bytes:
    bitpix = pixels.dtype.itemsize * 8 * (-1 if pixels.dtype.kind == "f" else 1)
    axes = [(f"NAXIS{i + 1}", str(side)) for i, side in enumerate(reversed(pixels.shape))]
    head = [("SIMPLE", "T"), ("BITPIX", str(bitpix)), ("NAXIS", str(pixels.ndim)), *axes, *cards]
    return header(*head) + blocks(pixels.tobytes())


@cache
def hostile_images() -> dict[str, bytes]:
    """One of each kind, by name."""
    ramp = np.arange(30 * 30, dtype=">f4").reshape(30, 30)
    start = [("SIMPLE", "T"), ("BITPIX", "-32"), ("NAXIS", "2"), ("NAXIS1", "30"), ("NAXIS2", "30")]
    wcs = [
        ("CRPIX1", "15"),
        ("CRPIX2", "15"),
        ("CRVAL1", "10"),
        ("CRVAL2", "1E999"),
        ("CD1_1", "1E-4"),
        ("CD2_2", "1E-4"),
    ]
    many_cards = [(f"K{i}", "1.5") for i in range(45_000)]
    return {
        "huge axes": header(start[0], ("BITPIX", "-64"), ("NAXIS", "2"), ("NAXIS1", "9" * 18), ("NAXIS2", "9" * 18)),
        "negative axes": header(("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "2"), ("NAXIS1", "-30"), ("NAXIS2", "-30")),
        "999 axes": header(*start[:2], ("NAXIS", "999"), *[(f"NAXIS{i}", "1") for i in range(1, 1000)]),
        "axes of a billion": header(*start[:2], ("NAXIS", "9" * 9)),
        "bitpix 7": header(("SIMPLE", "T"), ("BITPIX", "7"), *start[2:]) + blocks(ramp.tobytes()),
        "many cards": header(*start, *many_cards) + blocks(ramp.tobytes()),
        "many unusual cards": header(*start, ("CONTINUE", "'x'"), *many_cards) + blocks(ramp.tobytes()),
        "many hierarch cards": blocks(
            header(*start)[: 5 * CARD] + b"".join(f"HIERARCH a {i} = 'x&'".encode().ljust(CARD) for i in range(45_000))
            + b"END".ljust(CARD)
        ),
        "no end": b"".join(card(*one) for one in start) * 1000,
        "not ascii": header(*start, ("\xe9\xe8", "1"), ("X", "'\xff'")) + blocks(ramp.tobytes()),
        "nan and infinity": plain_image(np.choose(ramp.astype(int) % 3, [np.inf, np.nan, -3.4e38]).astype(">f4")),
        "largest doubles": plain_image(np.full((30, 30), 1.7e308, dtype=">f8")),
        "smallest doubles": plain_image((ramp.astype(">f8") * 5e-324).astype(">f8")),
        "endless declination": plain_image(ramp, *wcs),
        "scale of infinity": plain_image(ramp.astype(">i2"), ("BSCALE", "1E999"), ("BZERO", "NaN")),
        "random groups": header(("SIMPLE", "T"), ("BITPIX", "-32"), ("NAXIS", "3"), ("NAXIS1", "0"), ("NAXIS2", "30"),
            ("NAXIS3", "30"), ("GROUPS", "T"), ("PCOUNT", "9" * 9), ("GCOUNT", "9" * 9)) + blocks(ramp.tobytes()),
        "gzip bomb": gzip.compress(bytes(64 * 2**20)),
        "gzip bomb that begins well": gzip.compress(plain_image(ramp) + bytes(64 * 2**20)),
        "gzip in gzip": gzip.compress(gzip.compress(plain_image(ramp))),
        "gzip cut short": gzip.compress(plain_image(ramp))[:-9],
        "ten million bytes": plain_image(ramp) + bytes(10_000_000),
        "a thousand extensions": plain_image(ramp) + _extension("IMAGE", ramp) * 1000,
        "extension first": _extension("IMAGE", ramp) + plain_image(ramp),
        "variance of another shape": plain_image(ramp) + _extension("IMAGE", ramp[:20], ("EXTNAME", "'UNCERT'")),
        "table first": header(("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "0")) + _table(),
        "tiles from one heap": _tiles(),
    }  # fmt: skip


def _extension(kind: str, pixels: NDArray[Any], *cards: tuple[str, str]) -> bytes:
    return b"XTENSION= '%-8s'".replace(b"%-8s", kind.encode().ljust(8)).ljust(CARD) + plain_image(pixels, *cards)[CARD:]


def _table() -> bytes:
    from astropy.io import fits

    stream = io.BytesIO()
    fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(9))]).writeto(stream)
    return stream.getvalue()[BLOCK:]


def _tiles() -> bytes:
    """A compressed image of as many tiles as fit, all of which point at the same megabytes."""
    rows, heap = 60_000, 2_000_000
    cells = np.tile(np.array([heap, 0], dtype=">i4"), rows).tobytes()
    cards = [
        ("BITPIX", "8"), ("NAXIS", "2"), ("NAXIS1", "8"), ("NAXIS2", str(rows)), ("PCOUNT", str(heap)),
        ("GCOUNT", "1"), ("TFIELDS", "1"), ("TFORM1", f"'1PB({heap})'"), ("TTYPE1", "'COMPRESSED_DATA'"),
        ("ZIMAGE", "T"), ("ZCMPTYPE", "'GZIP_1  '"), ("ZBITPIX", "16"), ("ZNAXIS", "2"), ("ZNAXIS1", "300"),
        ("ZNAXIS2", "200"), ("ZTILE1", "1"), ("ZTILE2", "1"),
    ]  # fmt: skip
    head = blocks(
        b"XTENSION= 'BINTABLE'".ljust(CARD) + b"".join(card(*one) for one in cards) + b"END".ljust(CARD), b" "
    )
    primary = header(("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "0"))
    return primary + head + blocks(cells + b"\x1f\x8b" + bytes(heap - 2))


@cache
def _astropys() -> tuple[bytes, ...]:
    from astropy.io import fits

    ramp = np.arange(30 * 30, dtype=np.int32).reshape(30, 30)
    files = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for hdus in (
            [fits.PrimaryHDU(), fits.CompImageHDU(ramp, compression_type="RICE_1")],
            [fits.PrimaryHDU(), fits.CompImageHDU(ramp.astype(np.float32), compression_type="GZIP_2")],
            [fits.PrimaryHDU(ramp.astype(np.uint16))],
            [fits.PrimaryHDU(), fits.ImageHDU(ramp.astype(np.float32), name="SCI")],
            [fits.PrimaryHDU(ramp.astype(np.float32)), fits.ImageHDU(ramp.astype(np.float32), name="UNCERT")],
        ):
            stream = io.BytesIO()
            fits.HDUList(hdus).writeto(stream)
            files.append(stream.getvalue())
    return tuple(files)


def damaged_image(draw: random.Random, image: bytes) -> bytes:
    """An image with some of its cards or pixels changed; at times gzipped again."""
    if draw.random() < 0.3:
        image = draw.choice(_astropys())
    zipped = image.startswith(b"\x1f\x8b")
    damaged = bytearray(gzip.decompress(image) if zipped else image)
    for _ in range(draw.randint(1, 4)):
        kind = draw.random()
        if kind < 0.6:  # a card of the headers: they are at the beginning, and some after the pixels
            cards = [at for at in range(0, len(damaged), CARD) if damaged[at + 8 : at + 10] == b"= "] or [0]
            at = draw.choice(cards)
            keyword = draw.choice(KEYWORDS) if draw.random() < 0.5 else damaged[at : at + 8].decode("latin-1")
            damaged[at : at + CARD] = card(keyword, draw.choice(VALUES))
        elif kind < 0.8:
            at = 4 * draw.randrange(max(len(damaged) // 4, 1))
            damaged[at : at + 4] = draw.choice([b"\x7f\xc0\0\0", b"\x7f\x80\0\0", b"\xff\x80\0\0", b"\x7f\x7f\xff\xff"])
        elif kind < 0.9:
            at, end = sorted(draw.randrange(len(damaged) + 1) for _ in range(2))
            damaged[at:end] = b"" if draw.random() < 0.5 else damaged[at:end] * 2
        else:
            del damaged[draw.randrange(len(damaged)) :]
            damaged += bytes(1)
    return gzip.compress(bytes(damaged), 1) if zipped or draw.random() < 0.2 else bytes(damaged)
