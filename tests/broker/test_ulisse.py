from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from broker.cutout import Cutout, read_cutout
from broker.embedding import Embedder
from broker.geometry import Geometry, SkyFrame
from broker.stamp_pair import Stamp, StampPair
from broker.ulisse import Ulisse
from models.backbone import load_backbone
from models.weights import initialise
from schemas.errors import StampError, StampReason
from tests.broker.stamps import rubin_pairs, ztf_pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

MEAN, STANDARD_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue
FRAME = SkyFrame(64, 0.4)
MISSING = StampError(StampReason.MISSING, "the packet has none")
#: Files that lie in ../shared/data; their images are 161, 212 and some 80 to 160 px wide.
PICTURES = ("lenses/cfhtls/*.png", "galaxyzoo/*.jpg", "streaks/ztf/*.png")


# ---- the plain reference: one image at a time, as the published code goes ------------------------


def plain_picture(image: NDArray[np.float32], noise: float) -> NDArray[np.uint8]:
    """One image of flux (bands, rows, columns) to RGB, with Lupton's formula as AstroCLIP has it."""
    level, _ = plain_background(image)
    x = 0.03 + 0.03 * (image - level) / noise
    x[np.isnan(x)] = 0.03
    mean = sum(np.maximum(band, 0.0) for band in x) / len(x) + 1e-12
    shown = np.clip(x * (np.arcsinh(20.0 * mean) / np.sqrt(20.0)) / mean, 0.0, 1.0)
    blue, red = shown[0], shown[-1]
    green = shown[1] if len(shown) == 3 else (blue + red) / 2
    return np.round(255.0 * np.stack([red, green, blue], axis=-1)).astype(np.uint8)


def plain_background(image: NDArray[np.float32]) -> tuple[NDArray[np.float64], float]:
    noises, levels = [], []
    for band in image.astype(np.float64):
        steps = np.abs(np.concatenate([np.diff(band, axis=0).ravel(), np.diff(band, axis=1).ravel()]))
        noises.append(1.4826 / np.sqrt(2.0) * np.nanmedian(steps) or np.nanstd(band))
        levels.append(np.nanquantile(band, 0.25) + noises[-1] / 1.4826)
    return np.array(levels)[:, None, None], float(np.sqrt(np.mean(np.square(noises))))


def plain_resize(picture: NDArray[np.uint8], side: int = 224) -> NDArray[np.uint8]:
    """As torchvision's ``Resize(224)`` and ``CenterCrop(224)`` on a PIL image."""
    rows, columns = picture.shape[:2]
    height, width = (side, int(side * columns / rows)) if rows <= columns else (int(side * rows / columns), side)
    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)
    top, left = round((height - side) / 2), round((width - side) / 2)
    return np.asarray(resized.crop((left, top, left + side, top + side)))


def plain_embedding(picture: NDArray[np.uint8], convolutions: Callable[..., Tensor]) -> NDArray[np.float64]:
    """As ``extract_features(normalize(to_tensor(resize(picture)))).mean(dim=(2, 3))``."""
    normalised = (plain_resize(picture) / 255.0 - MEAN) / STANDARD_DEVIATION
    features = convolutions(normalised[None].astype(np.float32), training=False).numpy()
    return features[0].astype(np.float64).mean(axis=(0, 1))


# ---- networks ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def b0_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seeded weights, laid out as Keras' official file: standard deviations where variances belong."""
    model = initialise("efficientnet-b0")
    normalisation = next(layer for layer in model.layers if layer.name.startswith("normalization"))
    normalisation.set_weights([np.float32(MEAN), np.float32(STANDARD_DEVIATION), np.int64(0)])
    path = tmp_path_factory.mktemp("b0") / "efficientnetb0_notop.h5"
    model.save_weights(path)
    return path


def without_preprocessing(make: Callable[..., Model], weights: Path, first: str) -> Callable[..., Tensor]:
    """The network from its first convolution to its last activation: neither scaling nor averaging of its own."""
    import tensorflow as tf
    import tf_keras

    model = make(include_top=False, weights=None)
    model.load_weights(weights)
    convolutions = tf_keras.Model(model.get_layer(first).input, model.get_layer("top_activation").output)
    return tf.function(convolutions, reduce_retracing=True)


# ---- stamps --------------------------------------------------------------------------------------


def eight_bit(picture: NDArray[np.uint8]) -> Stamp:
    """A picture (rows, columns, 3) as a cube of three 8-bit bands, the bluest first."""
    image = np.moveaxis(picture[..., ::-1], -1, 0).astype(np.float32)
    return Stamp(Cutout(image, {"BITPIX": 8}), Geometry.plain(image.shape, FRAME.scale))


def picture_of(stamp: Stamp) -> NDArray[np.uint8]:
    return np.moveaxis(stamp.cutout.image, 0, -1)[..., ::-1].astype(np.uint8)


def flux(image: NDArray[np.float64]) -> Stamp:
    stored = image.astype(np.float32)
    return Stamp(Cutout(stored, {"BITPIX": -32}), Geometry.plain(stored.shape, FRAME.scale))


def drawn(seed: int, rows: int, columns: int, bands: int, noise: float = 3.0) -> NDArray[np.float64]:
    """Some sources on a noisy sky, (bands, rows, columns)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    image = 100.0 + random.normal(0.0, noise, (bands, rows, columns))
    for _ in range(6):
        offset = np.hypot(y - random.uniform(0, rows), x - random.uniform(0, columns))
        peak = random.lognormal(4.0, 1.5) * random.uniform(0.3, 1.0, (bands, 1, 1))
        image += peak * np.exp(-offset / random.uniform(1.0, 6.0))
    return image


def drawn_pairs() -> list[StampPair]:
    pairs = []
    for seed, (side, bands) in enumerate([(30, 1), (63, 1), (64, 2), (93, 3), (224, 1), (300, 3)]):
        science, reference = (drawn(100 * seed + which, side, side, bands) for which in (0, 1))
        science[:, 3, 4] = np.nan
        pairs.append(StampPair(flux(science), flux(reference / 2), SkyFrame(side, 0.4)))
    for seed, side in enumerate((64, 64, 212, 224, 320)):
        image = np.clip(drawn(900 + seed, side, side, 3) - 80.0, 0.0, 255.0).astype(np.uint8)
        pairs.append(StampPair(eight_bit(np.moveaxis(image, 0, -1)), MISSING, FRAME))
    return pairs


def real_pairs(shared_data: Path) -> list[StampPair]:
    files = [path for pattern in PICTURES for path in sorted(shared_data.glob(pattern))]
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in files[::25]]
    assert len(pictures) >= 14
    return [
        *(StampPair(eight_bit(picture), MISSING, FRAME) for picture in pictures),
        *ztf_pairs(shared_data, step=40),
        *rubin_pairs(shared_data)[::9],
    ]


def plain_embeddings(pairs: list[StampPair], convolutions: Callable[..., Tensor]) -> list[NDArray[np.float64] | None]:
    """Science and reference of each pair in turn."""
    places: list[NDArray[np.float64] | None] = []
    for pair in pairs:
        stamps = [stamp for stamp in (pair.science, pair.reference) if isinstance(stamp, Stamp)]
        images = [stamp.cutout.image.reshape(-1, *stamp.cutout.image.shape[-2:]) for stamp in stamps]
        noise = max(plain_background(image)[1] for image in images)
        for stamp in (pair.science, pair.reference):
            if isinstance(stamp, StampError):
                places.append(None)
            elif stamp.cutout.header["BITPIX"] == 8:
                places.append(plain_embedding(picture_of(stamp), convolutions))
            else:
                picture = plain_picture(images[stamps.index(stamp)], noise)
                places.append(plain_embedding(picture, convolutions))
    return places


@pytest.mark.parametrize("network", ["efficientnet-b0", "efficientnetv2-b0"])
def test_every_embedding_equals_the_plain_chain(network: str, b0_file: Path, weights: Path, shared_data: Path) -> None:
    """EfficientNet-B0 is ULISSE's, here with seeded weights; V2-B0, which normalises alike, has ImageNet's."""
    import tf_keras

    make, first, file = {
        "efficientnet-b0": (tf_keras.applications.EfficientNetB0, "stem_conv_pad", b0_file),
        "efficientnetv2-b0": (tf_keras.applications.EfficientNetV2B0, "stem_conv", weights),
    }[network]
    pairs = drawn_pairs() + real_pairs(shared_data)
    expected = plain_embeddings(pairs, without_preprocessing(make, file, first))
    embedded = Embedder(load_backbone(network, file), Ulisse()).embed(pairs)
    found = [place for one in embedded for place in (one.science_embedding, one.reference_embedding)]
    both = [(ours, theirs) for ours, theirs in zip(found, expected, strict=True) if ours is not None]
    assert len(both) >= 50
    ours, theirs = (np.array(places, dtype=np.float64) for places in zip(*both, strict=True))
    centre = theirs.mean(axis=0)
    cosines = np.sum((ours - centre) * (theirs - centre), axis=1) / (
        np.linalg.norm(ours - centre, axis=1) * np.linalg.norm(theirs - centre, axis=1)
    )
    assert cosines.min() > 0.9999


# ---- the chain's parts ---------------------------------------------------------------------------


@settings(max_examples=60)
@given(side=st.integers(8, 512), seed=st.integers(0, 2**32 - 1))
def test_resizing_equals_pil_to_the_last_bit(side: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resized(picture), plain_resize(picture))


@pytest.mark.parametrize("shape", [(63, 40), (40, 63), (8, 512), (301, 224), (493, 225)])
def test_of_an_oblong_stamp_the_central_square_is_taken(shape: tuple[int, int]) -> None:
    """PIL resizes such an image's axes in either order, depending on its release: a grey level apart."""
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert np.abs(resized(picture) - plain_resize(picture)).max() <= 1


def resized(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return Ulisse().network_input([np.moveaxis(picture, -1, 0).astype(np.float32)], 224)[0]


def test_an_8_bit_stamp_is_taken_as_it_is() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    (as_it_is,) = Ulisse().prepare([StampPair(eight_bit(picture), MISSING, FRAME)])
    np.testing.assert_array_equal(as_it_is.science, np.moveaxis(picture, -1, 0))
    assert as_it_is.reference is MISSING


def test_equal_fluxes_look_equal_however_deep_the_reference() -> None:
    shallow, deep = drawn(3, 64, 64, 1), drawn(3, 64, 64, 1, noise=0.3)
    together, alone = Ulisse().prepare(
        [StampPair(flux(shallow), flux(deep), FRAME), StampPair(MISSING, flux(deep), FRAME)]
    )
    bright = np.repeat((shallow > 130.0) & (shallow < 200.0), 3, axis=0)
    apart = [np.abs(one.reference - together.science)[bright].mean() for one in (together, alone)]
    assert apart[0] < apart[1] / 5


def test_a_fits_file_of_8_bit_numbers_is_8_bit_and_a_scaled_one_is_flux() -> None:
    random = np.random.default_rng(4)
    cube = random.integers(0, 256, (3, 64, 64), dtype=np.uint8)
    stamps = []
    for zero in (0, -128):
        hdu = fits.PrimaryHDU(cube)
        hdu.header["BZERO"] = zero
        buffer = io.BytesIO()
        hdu.writeto(buffer)
        cutout = read_cutout(buffer.getvalue())
        stamps.append(Stamp(cutout, Geometry.plain(cutout.image.shape, FRAME.scale)))
    plain, scaled = Ulisse().prepare([StampPair(stamp, MISSING, FRAME) for stamp in stamps])
    np.testing.assert_array_equal(plain.science, cube[::-1])
    assert not np.array_equal(scaled.science, cube[::-1])


def test_what_is_unreadable_stays_so_and_touches_no_other() -> None:
    hollow = drawn(5, 64, 64, 1)
    hollow[:, 10:50] = np.nan
    good = StampPair(flux(drawn(6, 64, 64, 2)), flux(drawn(7, 70, 50, 2)), SkyFrame(40, 0.4))
    bad = StampPair(flux(hollow), flux(drawn(8, 64, 64, 1)), FRAME)
    (alone,) = Ulisse().prepare([good])
    masked, together, mixed = Ulisse().prepare([bad, good, StampPair(good.science, bad.reference, good.frame)])
    np.testing.assert_array_equal(together.science, alone.science)
    np.testing.assert_array_equal(together.reference, alone.reference)
    assert masked.science.reason is StampReason.MASKED
    assert masked.reference.shape == (3, 64, 64)
    assert mixed.reference.reason is StampReason.SIZE


def test_the_chain_is_part_of_the_digest() -> None:
    network = load_backbone("efficientnet-b0", untrained=True)
    published, own = Embedder(network, Ulisse()), Embedder(network)
    assert published.digest(FRAME) != own.digest(FRAME)
    assert published.digest(FRAME) == Embedder(network, Ulisse()).digest(FRAME)
