"""Transfer learning for mergers: a dense head on the features of a network that learnt from other images.

Wang, Pearson & Rodriguez-Gomez 2020 (A&A 644, A87) found KiDS' mergers with a VGG19 that had learnt ImageNet. Here the
head stands on the project's own backbone, or, where its weights can be had, on VGG19 (`vgg19`). Only the head learns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.train.merger import Schedule, best_threshold, validation
from models.train.merger_set import draw_set, seen_anew
from schemas.errors import BackboneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Features = Callable[[NDArray[np.float32]], NDArray[np.float32]]

#: Neurons of the head's hidden layer, and the share of them that is left out while it learns.
HIDDEN, DROPOUT = 256, 0.5
_EPOCHS, _BATCH, _RATE = 30, 256, 1e-3
_VGG_SIDE = 224


def backbone_features() -> Features:
    """Return the bundled backbone, as a map of windows (n, 64, 64, 2) to features (n, 1280)."""
    from models.backbone import load_backbone

    backbone = load_backbone(batch=64)
    return lambda windows: backbone.embed(np.repeat(_grey(windows), 3, axis=-1))


def vgg19_features() -> Features:
    """Return VGG19 without its top, averaged over the image, as a map of windows (n, 64, 64, 2) to (n, 512).

    Raises
    ------
    BackboneError
        Keras cannot fetch the weights that it was given on ImageNet.
    """
    import tensorflow as tf
    from tf_keras.applications import vgg19

    try:
        network = vgg19.VGG19(include_top=False, weights="imagenet", pooling="avg")
    except Exception as error:  # Keras raises a bare Exception where a download fails
        raise BackboneError(
            f"VGG19's ImageNet weights cannot be had ({error}): put vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 "
            "into ~/.keras/models, or train on the bundled backbone with `sosia train merger --features backbone`"
        ) from error

    def features(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = [windows[start : start + 32] for start in range(0, len(windows), 32)]
        shown = (tf.image.resize(np.repeat(_grey(part), 3, axis=-1), (_VGG_SIDE, _VGG_SIDE)) for part in parts)
        return np.concatenate([network(vgg19.preprocess_input(one), training=False).numpy() for one in shown])

    return features


def train_head(features: Features, schedule: Schedule, work: Path, drawn: Callable[[int], None]) -> tuple[float, float]:
    """Train a head, and tell how good it is.

    Parameters
    ----------
    features : callable
        Windows to features.
    schedule : Schedule
        Of which the shards count: each is looked at once, as in the network's first epoch.
    work : path
        Folder for shards: the network's own.
    drawn : callable
        Told how many shards there are.

    Returns
    -------
    loss, accuracy : float
        On the validation stamps, as for the network.
    """
    from tf_keras import Sequential, layers, losses, optimizers, utils

    draw_set(work, schedule.shards, schedule.shard, schedule.processes, drawn)
    utils.set_random_seed(schedule.seed)
    looks = [seen_anew(work, one, 0) for one in range(schedule.shards - 2)]
    known = np.concatenate([features(images.astype(np.float32)) for images, _ in looks])
    labels = np.concatenate([one for _, one in looks])
    windows, truth = validation(work, schedule)
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-6
    head = Sequential([
        layers.Dense(HIDDEN, activation="relu"), layers.Dropout(DROPOUT), layers.Dense(1),
    ])  # fmt: skip
    head.compile(optimizers.AdamW(_RATE, weight_decay=1e-3), losses.BinaryCrossentropy(from_logits=True))
    head.fit((known - centre) / spread, labels, _BATCH, _EPOCHS, verbose=0)
    odds = head.predict((features(windows) - centre) / spread, verbose=0)[:, 0]
    return figures_of(odds, truth)


def figures_of(odds: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[float, float]:
    """Binary cross-entropy and accuracy of log odds, the best threshold taken on the first half."""
    loss = np.logaddexp(0.0, odds) - truth * odds
    half = len(truth) // 2
    scores = 1.0 / (1.0 + np.exp(-odds.astype(np.float64)))
    threshold = best_threshold(scores[:half], truth[:half] > 0.5)
    return float(loss.mean()), float(((scores > threshold) == (truth > 0.5))[half:].mean())


def _grey(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Windows of `merger_network.prepare` without their residuals as a picture's values (n, 64, 64, 1), 0 to 255."""
    return np.asarray(np.clip(255.0 * windows[..., :1], 0.0, 255.0), np.float32)
