"""Images in feature space, and beside their references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consumers.api.networks import examiner, frame_of, stamp_of
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class EpochQuality:
    """An image beside its reference.

    Attributes
    ----------
    problematic : bool
        Whether the image has a fault; its score is over 1.
    score : float
        0 and more.
    fault_probability : float
        What the epoch network says, without distances.
    reference_distance : float
        Between the two embeddings.
    changed_snr : float
        S/N of the strongest point-like change in the middle: of the object, and no fault.
    masked_fraction : float
        Share of the science image's frame without data.
    """

    problematic: bool
    score: float
    fault_probability: float
    reference_distance: float
    changed_snr: float
    masked_fraction: float


def embed(stamps: Sequence[ArrayLike], pixel_scale: float | None = None, survey: str = "stamps") -> NDArray[np.float32]:
    """Return stamps' places in feature space: near ones look alike.

    They are the features of a network that was trained on ImageNet, as in ULISSE (Doorenbos et al. 2022, A&A 666,
    A171): `sosia-64`, which repeats those of EfficientNetV2-B0 (``models/cards/sosia-64.md``).

    Parameters
    ----------
    stamps : sequence of arrays (rows, columns) or (bands, rows, columns)
        The object in the middle; sides of 8 to 512 px, not all alike.
    pixel_scale : float, optional
        [arcsec/px]; by default each stamp fills the sky frame.
    survey : {"stamps", "ztf", "lsst"}
        Whose sky frame: 25.6, 63 or 6 arcsec wide. Embeddings of different frames are not to be compared.

    Returns
    -------
    float32 array (n, 1280)
        NaN for a stamp that cannot be used: blank, or over 30 % of the frame without data.

    Raises
    ------
    StampError
        Something is no stamp.

    Examples
    --------
    >>> from consumers.api import read_alerts
    >>> alerts = list(read_alerts(["night"]))
    >>> twice = [alerts[3].stamps.reference, alerts[3].stamps.reference + 50.0, alerts[4].stamps.reference]
    >>> places = embed(twice, 1.01, "ztf")
    >>> places.shape
    (3, 1280)
    >>> same, other = np.linalg.norm(places[1:] - places[0], axis=1)
    >>> print(f"{same:.1f} {other:.1f}")
    0.0 3.4
    """
    from broker.stamp_pair import StampPair

    frame, _ = frame_of(survey)
    nothing = StampError(StampReason.MISSING, "no reference is asked for")
    pairs = [StampPair(stamp_of(one, pixel_scale, frame), nothing, frame) for one in stamps]
    embedder = examiner().embedder
    found = [one.science_embedding for one in embedder.embed(pairs)]
    unusable = np.full(1280, np.nan, np.float32)
    return np.stack([unusable if one is None else one for one in found]) if found else np.empty((0, 1280), np.float32)


def compare(
    science: ArrayLike,
    reference: ArrayLike,
    pixel_scale: float,
    seeing: float | None = None,
    survey: str = "stamps",
) -> EpochQuality:
    """Tell whether an epoch's image is a look-alike of its stacked reference, or has a fault.

    The question is that of Cavuoti, De Cicco et al. (2024, A&A 687, A246), and `reference_distance` is their
    d = |f - f_S| between the embeddings of image and stack. The score is the project's own: with the epoch network's
    log odds L of a fault, log(1 + e^L + e^(d - 10)) / log(2.5) (`broker.rules.sosia`, ``models/cards/epochs.md``).

    Parameters
    ----------
    science, reference : arrays (rows, columns) or (bands, rows, columns)
        In the same units; the object in the middle.
    pixel_scale : float
        [arcsec/px].
    seeing : float, optional
        FWHM of the science image [arcsec]; by default the survey's usual one.
    survey : {"stamps", "ztf", "lsst"}
        Whose sky frame: 25.6, 63 or 6 arcsec wide.

    Returns
    -------
    EpochQuality

    Raises
    ------
    StampError
        An image is none, is blank, or over 30 % of the frame are without data.

    Examples
    --------
    >>> from consumers.api import read_alerts
    >>> alerts = list(read_alerts(["night"]))
    >>> for alert in alerts[8:11]:
    ...     quality = compare(alert.stamps.science, alert.stamps.reference, alert.pixel_scale, survey="ztf")
    ...     print(f"{quality.score:.1f} {quality.problematic}")
    0.1 False
    6.8 True
    0.1 False
    """
    from broker.rules.rule import Evidence
    from broker.rules.sosia import Sosia
    from broker.stamp_pair import StampPair

    frame, usual = frame_of(survey)
    pair = StampPair(
        stamp_of(science, pixel_scale, frame), stamp_of(reference, pixel_scale, frame), frame, seeing or usual
    )
    (found,) = examiner().examine([pair])
    place = found.embedded
    if place.science_embedding is None or place.reference_embedding is None:
        which, reason = (
            ("science", place.science_reason) if place.science_reason else ("reference", place.reference_reason)
        )
        raise StampError(reason or StampReason.CORRUPT, f"the {which} image in a frame of {survey}")
    history = np.empty((0, len(place.science_embedding)), np.float32)
    verdict = Sosia().judge(
        Evidence(place.science_embedding, place.reference_embedding, history, found.fault, found.backbone,
                 found.frame_width)
    )  # fmt: skip
    return EpochQuality(
        problematic=bool(verdict.problematic),
        score=_known(verdict.score),
        fault_probability=float(1.0 / (1.0 + np.exp(-_known(found.fault)))),
        reference_distance=_known(place.reference_distance),
        changed_snr=_known(found.changed_snr),
        masked_fraction=place.masked_fraction,
    )


def _known(value: float | None) -> float:
    return float("nan") if value is None else float(value)
