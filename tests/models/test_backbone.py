from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.backbone import Backbone, load_backbone
from schemas.errors import BackboneError

RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.uniform(0.0, 255.0, (5, 224, 224, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def backbone(weights: Path) -> Backbone:
    return load_backbone(weights=weights, batch=4)


@pytest.fixture(scope="module")
def official_b0(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Laid out as Keras' own file of EfficientNet-B0: standard deviations where variances belong."""
    import tf_keras

    model = tf_keras.applications.EfficientNetB0(include_top=False, weights=None, pooling="avg")
    (normalization,) = [layer for layer in model.layers if type(layer).__name__ == "Normalization"]
    normalization.set_weights([np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225]), np.int64(0)])
    path = tmp_path_factory.mktemp("b0") / "efficientnetb0_notop.h5"
    model.save_weights(path)
    return path


def test_it_names_itself_from_the_file(backbone: Backbone) -> None:
    assert backbone.name == "efficientnetv2-b0"
    assert backbone.input_size == 224


def test_any_number_of_images_makes_one_trace(backbone: Backbone) -> None:
    for count in (1, 4, 5, 0, 3):
        assert backbone.embed(IMAGES[:count]).shape == (count, 1280)
    assert backbone.traces == 1


def test_an_image_gives_the_same_features_alone_and_in_any_place(backbone: Backbone) -> None:
    together = backbone.embed(IMAGES)
    np.testing.assert_allclose(backbone.embed(IMAGES[::-1])[::-1], together, atol=1e-5)
    np.testing.assert_allclose(backbone.embed(IMAGES[3:4])[0], together[3], atol=1e-5)


def test_features_equal_keras(backbone: Backbone, weights: Path) -> None:
    import tf_keras

    model = tf_keras.applications.EfficientNetV2B0(include_top=False, weights=str(weights), pooling="avg")
    np.testing.assert_allclose(backbone.embed(IMAGES[:1]), model(IMAGES[:1], training=False), atol=1e-4)


def test_b0_from_a_file_is_the_network_that_keras_downloads(official_b0: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras divides by the root of the standard deviation unless it downloaded the file itself."""
    import tf_keras
    from tf_keras.src.applications import efficientnet

    monkeypatch.setattr(efficientnet.data_utils, "get_file", lambda *_, **__: str(official_b0))
    downloaded = tf_keras.applications.EfficientNetB0(include_top=False, weights="imagenet", pooling="avg")
    from_file = load_backbone(weights=official_b0, batch=2)
    assert from_file.name == "efficientnet-b0"
    theirs = downloaded(IMAGES[:2], training=False).numpy()
    np.testing.assert_allclose(from_file.embed(IMAGES[:2]), theirs, atol=1e-5 * np.abs(theirs).max())


def test_the_digest_is_of_the_weights_values(backbone: Backbone, weights: Path, tmp_path: Path) -> None:
    assert load_backbone(weights=weights).digest == backbone.digest
    changed = tmp_path / "changed.h5"
    changed.write_bytes(weights.read_bytes())
    with h5py.File(changed, "r+") as file:
        file["top_bn/top_bn/beta:0"][7] += 1e-3
    other = load_backbone(weights=changed)
    assert other.digest != backbone.digest
    assert other.manifest != backbone.manifest
    assert set(other.manifest) == {"architecture", "inputSize", "pooling", "weights"}


def test_an_untrained_network_says_so_and_is_the_same_in_every_process() -> None:
    here = load_backbone("efficientnetv2-b0", untrained=True, batch=2)
    assert here.name == "efficientnetv2-b0-untrained"
    features = here.embed(IMAGES[:2])
    assert np.isfinite(features).all()
    assert not np.allclose(features[0], features[1])
    call = "load_backbone('efficientnetv2-b0', untrained=True, batch=2)"
    script = f"from models.backbone import load_backbone; print({call}.digest)"
    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert elsewhere.stdout.split() == [here.digest]
    assert elsewhere.stderr == ""  # TensorFlow greets nobody
    assert load_backbone("efficientnet-b0", untrained=True).name == "efficientnet-b0-untrained"


def test_threads_can_be_set_before_tensorflow_runs_and_not_after(weights: Path) -> None:
    script = """
        import sys; from pathlib import Path
        from models.backbone import load_backbone
        from schemas.errors import BackboneError
        load_backbone(weights=Path(sys.argv[1]), threads=1)
        import tensorflow as tf
        print(tf.config.threading.get_intra_op_parallelism_threads())
        load_backbone(weights=Path(sys.argv[1]), threads=1)
        try:
            load_backbone(weights=Path(sys.argv[1]), threads=2)
        except BackboneError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(weights)]
    first, second = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert first == "1"
    assert "SOSIA_BACKBONE__THREADS" in second


@pytest.mark.parametrize("name", ["efficientnet-b0", "efficientnetv2-b0"])
def test_a_download_that_fails_names_the_mend(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens, here or on a machine with a network
    with pytest.raises(BackboneError, match="SOSIA_BACKBONE__WEIGHTS") as caught:
        load_backbone(name)
    assert name in str(caught.value)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(BackboneError, match=r"resnet.*choose one of efficientnet-b0, efficientnetv2-b0"):
        load_backbone("resnet")


def test_a_file_of_another_network_than_the_one_named_is_refused(weights: Path) -> None:
    with pytest.raises(BackboneError, match=r"imagenet_notop.h5 holds efficientnetv2-b0.*SOSIA_BACKBONE__WEIGHTS"):
        load_backbone("efficientnet-b0", weights)


def test_damaged_and_foreign_files_are_refused_by_name(weights: Path, tmp_path: Path) -> None:
    whole = weights.read_bytes()
    poisoned = tmp_path / "poisoned.h5"
    poisoned.write_bytes(whole)
    with h5py.File(poisoned, "r+") as file:
        file["stem_conv/stem_conv/kernel:0"][0, 0, 0, 0] = np.nan
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file.create_group("dense")
    (tmp_path / "half.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.h5").write_text("not weights")
    (tmp_path / "empty.h5").write_bytes(b"")
    for name in ("poisoned", "foreign", "half", "text", "empty", "absent"):
        with pytest.raises(BackboneError, match=f"{name}.h5.*SOSIA_BACKBONE__WEIGHTS"):
            load_backbone(weights=tmp_path / f"{name}.h5")


def test_a_larger_network_of_the_family_is_refused(tmp_path: Path) -> None:
    import tf_keras

    path = tmp_path / "b1.h5"
    tf_keras.applications.EfficientNetB1(include_top=False, weights=None, pooling="avg").save_weights(path)
    with pytest.raises(BackboneError, match=r"b1.h5 is damaged or of another network"):
        load_backbone(weights=path)
