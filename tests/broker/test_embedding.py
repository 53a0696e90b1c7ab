from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from broker import frame, sky_framed, stretch
from broker import network_input as network_input_module
from broker.cutout import Cutout
from broker.embedding import Embedded, Embedder
from broker.geometry import Geometry, SkyFrame
from broker.network_input import network_input
from broker.sky_framed import prepare
from broker.stamp_pair import Stamp, StampPair
from models.backbone import Backbone, load_backbone
from schemas.errors import StampError, StampReason
from tests.broker.stamps import both, centred, rubin_pairs, turned, window, ztf_pairs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

MISSING = StampError(StampReason.MISSING, "the packet has none")


class CountingBackbone:
    """Features that tell images apart, without a network; remembers what it was asked."""

    name = "counting"
    input_size = 32

    def __init__(self, weights: str = "0") -> None:
        self.manifest: dict[str, Any] = {"weights": weights}
        self.seen: list[int] = []

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen.append(len(images))
        return images.reshape(len(images), -1)[:, :: 3 * 32].copy()


@pytest.fixture(scope="session")
def backbone(weights: Path) -> Backbone:
    return load_backbone(weights=weights)


@pytest.fixture(scope="session")
def ztf(shared_data: Path) -> list[StampPair]:
    return ztf_pairs(shared_data, step=5)


@pytest.fixture(scope="session")
def rubin(shared_data: Path) -> list[StampPair]:
    return rubin_pairs(shared_data)


def usable(result: Embedded) -> bool:
    return result.science_embedding is not None and result.reference_embedding is not None


def covers_the_frame(pair: StampPair) -> bool:
    """At a detector's edge a shifted window does lose sky; elsewhere the same sky is there, and must give the same."""
    stamps = (pair.science, pair.reference)
    return all(isinstance(stamp, Stamp) and min(stamp.cutout.image.shape) >= pair.frame.side for stamp in stamps)


def moved(before: list[Embedded], after: list[Embedded]) -> NDArray[np.float64]:
    """How far science and reference images moved."""
    distances = []
    for one, other in zip(before, after, strict=True):
        for image in ("science_embedding", "reference_embedding"):
            here, there = getattr(one, image), getattr(other, image)
            assert (here is None) == (there is None)
            if here is not None:
                distances.append(np.linalg.norm(here - there))
    return np.array(distances)


def first_neighbour_distance(results: list[Embedded]) -> float:
    """Median distance from a science image to the nearest other."""
    places = np.stack([result.science_embedding for result in results if usable(result)]).astype(np.float64)
    squares = (places**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2.0 * places @ places.T, 0.0))
    np.fill_diagonal(distances, np.inf)
    return float(np.median(distances.min(axis=1)))


SHIFTS = {
    "a pixel right": lambda stamp: window(stamp, 1, 0, *stamp.cutout.image.shape[::-1]),
    "a pixel up": lambda stamp: window(stamp, 0, 1, *stamp.cutout.image.shape[::-1]),
    "a pixel left and down": lambda stamp: window(stamp, -1, -1, *stamp.cutout.image.shape[::-1]),
}
TURNS = {f"{90 * quarters} degrees": lambda stamp, q=quarters: turned(stamp, q) for quarters in (1, 2, 3)}


@pytest.mark.parametrize("change", [*SHIFTS, *TURNS])
@pytest.mark.parametrize("survey", ["ztf", "rubin"])
def test_a_stamp_turned_or_shifted_hardly_moves(
    survey: str, change: str, backbone: Backbone, request: pytest.FixtureRequest
) -> None:
    pairs = [pair for pair in request.getfixturevalue(survey) if covers_the_frame(pair)]
    assert len(pairs) > 40
    recut: Callable[[Stamp], Stamp] = (SHIFTS | TURNS)[change]
    embedder = Embedder(backbone)
    before = embedder.embed(pairs)
    after = embedder.embed([both(pair, recut) for pair in pairs])
    assert moved(before, after).max() < first_neighbour_distance(before) / 3


@pytest.mark.parametrize("side", [30, 31, 34])
def test_a_larger_rubin_stamp_of_the_same_sky_hardly_moves(
    side: int, rubin: list[StampPair], backbone: Backbone
) -> None:
    """Most stamps are 30 px wide and at any angle: nothing that only a larger one shows may count."""
    embedder = Embedder(backbone)
    large = [pair for pair in rubin if all(min(s.cutout.image.shape) >= 36 for s in (pair.science, pair.reference))]
    assert len(large) >= 8
    small = [both(pair, lambda stamp: centred(stamp, side)) for pair in large]
    limit = first_neighbour_distance(embedder.embed(rubin)) / 3
    assert moved(embedder.embed(large), embedder.embed(small)).max() < limit


def test_a_larger_ztf_stamp_of_the_same_sky_hardly_moves(ztf: list[StampPair], backbone: Backbone) -> None:
    embedder = Embedder(backbone)
    pairs = [pair for pair in ztf if covers_the_frame(pair)]
    before = embedder.embed(pairs)
    after = embedder.embed([both(pair, lambda stamp: centred(stamp, 61)) for pair in pairs])
    assert moved(before, after).max() < first_neighbour_distance(before) / 3


def test_embeddings_equal_a_plain_keras_call_image_by_image(
    ztf: list[StampPair], rubin: list[StampPair], backbone: Backbone, weights: Path
) -> None:
    import tensorflow as tf
    import tf_keras

    model = tf_keras.applications.EfficientNetV2B0(include_top=False, weights=str(weights), pooling="avg")
    batch = ztf[:6] + rubin[:6]
    for images, result in zip(prepare(batch), Embedder(backbone).embed(batch), strict=True):
        for image, ours in ((images.science, result.science_embedding), (images.reference, result.reference_embedding)):
            if isinstance(image, StampError):
                assert ours is None
                continue
            grey = np.repeat(255.0 * image[0][..., None], 3, axis=-1)
            enlarged = tf.image.resize(grey[None], (224, 224), method="bilinear", antialias=False)
            np.testing.assert_allclose(ours, model(enlarged, training=False)[0], atol=1e-4)
        if usable(result):
            expected = np.linalg.norm(result.science_embedding - result.reference_embedding)
            assert result.reference_distance == pytest.approx(expected, rel=1e-6)


def test_the_same_packets_give_the_same_embeddings_in_any_batch(
    ztf: list[StampPair], rubin: list[StampPair], backbone: Backbone
) -> None:
    batch = [pair for both_surveys in zip(ztf, rubin, strict=False) for pair in both_surveys]
    first = Embedder(backbone).embed(batch)
    reversed_order = Embedder(backbone).embed(batch[::-1])[::-1]
    singly = [Embedder(backbone).embed([pair])[0] for pair in batch[:4]]
    assert moved(first, reversed_order).max() < 1e-4
    assert moved(first[:4], singly).max() < 1e-4


def test_one_bad_stamp_touches_no_other(ztf: list[StampPair], rubin: list[StampPair]) -> None:
    good = [ztf[0], rubin[0], ztf[1], rubin[1]]
    blank = Stamp(Cutout(np.zeros((63, 63), np.float32), {}), Geometry.plain((63, 63), 1.01))
    dark = Stamp(Cutout(np.full((63, 63), np.nan, np.float32), {}), Geometry.plain((63, 63), 1.01))
    lost = replace(ztf[2].science, geometry=Geometry(np.nan, 1e300, (0.0, 0.0, 0.0, 0.0), north_known=False))
    cube = Stamp(Cutout(np.stack([blank.cutout.image] * 3), {}), blank.geometry)
    bad = [
        (StampPair(MISSING, MISSING, ztf[0].frame), StampReason.MISSING, StampReason.MISSING),
        (StampPair(blank, dark, ztf[0].frame), StampReason.BLANK, StampReason.MASKED),
        (StampPair(lost, ztf[3].reference, ztf[0].frame), StampReason.MASKED, None),
        (StampPair(ztf[4].science, cube, ztf[0].frame), None, StampReason.SIZE),
        (
            StampPair(StampError(StampReason.CORRUPT, "gzip"), rubin[2].reference, rubin[0].frame),
            StampReason.CORRUPT,
            None,
        ),
    ]
    mixed = [pair for one, (other, _, _) in zip([*good, good[0]], bad, strict=True) for pair in (other, one)]
    results = Embedder(CountingBackbone()).embed(mixed)
    assert moved(results[1:-1:2], Embedder(CountingBackbone()).embed(good)).max() == 0.0
    for result, (_, science_reason, reference_reason) in zip(results[::2], bad, strict=True):
        assert (result.science_reason, result.reference_reason) == (science_reason, reference_reason)
        assert (result.science_embedding is None) == (science_reason is not None)
        assert (result.reference_embedding is None) == (reference_reason is not None)
        assert result.reference_distance is None
    assert [result.masked_fraction for result in results[::2]] == [1.0, 0.0, 1.0, 0.0, 1.0]


def test_everything_is_embedded_in_one_pass_and_a_known_reference_not_again(ztf: list[StampPair]) -> None:
    backbone = CountingBackbone()
    embedder = Embedder(backbone, cached_references=2)
    first, second, third = (pair for pair in ztf[:3])
    results = embedder.embed([first, first, second])
    assert backbone.seen == [4]  # two science images, two references
    again = embedder.embed([first])
    assert backbone.seen == [4, 1]
    assert moved([results[0]], again).max() == 0.0
    embedder.embed([third])  # forgets the second, asked for longest ago
    embedder.embed([first])
    embedder.embed([second])
    assert backbone.seen == [4, 1, 2, 1, 2]


def test_an_empty_batch_is_no_error() -> None:
    backbone = CountingBackbone()
    assert Embedder(backbone).embed([]) == []
    assert backbone.seen == []


def test_bands_fill_the_channels_with_the_reddest_in_red() -> None:
    blue, green, red = (np.full((10, 10), value, dtype=np.float32) for value in (0.1, 0.2, 1.0))
    images = [blue[None], np.stack([blue, red]), np.stack([blue, green, red])]
    colours = network_input(images, 32)[:, 16, 16]
    np.testing.assert_allclose(colours, [[25.5, 25.5, 25.5], [255.0, 140.25, 25.5], [255.0, 51.0, 25.5]], rtol=1e-6)


def test_a_cube_is_framed_whole_and_keeps_its_colours(rubin: list[StampPair]) -> None:
    pair = next(pair for pair in rubin if isinstance(pair.reference, Stamp))

    def cube(stamp: Stamp) -> Stamp:
        return Stamp(Cutout(np.stack([stamp.cutout.image, 3.0 * stamp.cutout.image]), {}), stamp.geometry)

    double = prepare([both(pair, cube)])[0]
    assert not isinstance(double.science, StampError)
    bright = double.science.max(axis=0) > 0.9 * double.science.max()
    assert (double.science[1][bright] > 1.5 * double.science[0][bright]).all()


@pytest.mark.parametrize("rows", [15, 30, 63, 224, 300])
def test_resizing_equals_tensorflows(rows: int) -> None:
    import tensorflow as tf

    images = np.random.default_rng(2).random((3, 1, rows, rows + 2), dtype=np.float32)
    expected = tf.image.resize(255.0 * images[:, 0, ..., None], (224, 224), method="bilinear", antialias=False)
    np.testing.assert_allclose(network_input(list(images), 224)[..., :1], expected, atol=0.02)


@pytest.mark.parametrize(
    ("module", "manifest", "constant"),
    [
        (frame, "FRAME_MANIFEST", "fade"),
        (stretch, "STRETCH_MANIFEST", "softening"),
        (network_input_module, "INPUT_MANIFEST", "white"),
    ],
)
def test_the_digest_covers_every_constant(
    module: Any, manifest: str, constant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder, sky = Embedder(CountingBackbone()), SkyFrame(63, 1.01)
    before = embedder.digest(sky)
    assert before == Embedder(CountingBackbone()).digest(sky)
    assert Embedder(CountingBackbone("1")).digest(sky) != before
    assert embedder.digest(SkyFrame(61, 1.01)) != before
    changed = getattr(module, manifest) | {constant: 0.123}
    monkeypatch.setattr(sky_framed, manifest, changed)
    assert embedder.digest(sky) != before


def test_the_manifests_hold_the_values_in_use() -> None:
    """A constant that is changed without its manifest would mix embeddings that must not be compared."""
    for module, manifest in ((frame, frame.FRAME_MANIFEST), (stretch, stretch.STRETCH_MANIFEST)):
        constants = {
            name: value for name, value in vars(module).items() if name.isupper() and type(value) in {int, float}
        }
        assert sorted(map(float, constants.values())) == sorted(
            float(value) for key, value in manifest.items() if key != "version"
        )
