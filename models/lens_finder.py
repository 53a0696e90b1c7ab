"""The lens networks at work: stamps in, scores and information contents out."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from models import lens_network
from models.batched import Batched
from models.lens_network import FORMS, TURNS, Form
from models.shipped import Shipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tf_keras import Model

VERSION = "sosia-lens-5"

#: Of each form, the score above which a stamp is a candidate, to be ranked by its information content: one in a
#: hundred of the calibration's impostors lie above it (`models.simulate.lenses.frozen`).
THRESHOLDS: Mapping[str, float] = MappingProxyType({"ground-ugri": 0.8569, "ground": 0.8076, "space": 0.8936})


def _members(form: str, *digests: str) -> tuple[Shipped, ...]:
    return tuple(
        Shipped(f"lens --form {form}", f"sosia-lens-{form}-{number}.h5", digest)
        for number, digest in enumerate(digests)
    )


#: Of each form's members.
WEIGHTS: Mapping[str, tuple[Shipped, ...]] = MappingProxyType(
    {
        "ground-ugri": _members(
            "ground-ugri",
            "2e1712f3f49f136ebe39ac7e4889c0c100b54e9f636d2aff15f825ace2ff05b3",
        ),
        "ground": _members(
            "ground",
            "52541674eaeb39384644401203a88313bb118bd58c3163946895410efec2ae74",
        ),
        "space": _members(
            "space",
            "1a22e084c9688749c6f0609c07d05d6cbd224388b7748c6fa7707a66e5de80d2",
        ),
    }
)

_BATCH = 64
#: Log odds at the first look below which a stamp is not worth another.
_DULL = -2.5
#: Ratio of pixel scales up to which a stamp is taken as it is: its noise stays white.
_ALIKE = 0.06


@dataclass(frozen=True, slots=True)
class LensLook:
    """What the ensemble says of one stamp.

    Attributes
    ----------
    score : float
        0 to 1: the members' mean; each one's log odds are the mean over four quarter turns of the stamp.
    information_content : float
        The geometric mean over members and turns: how much its arcs can teach, were it a lens. At least 1.
    spread : float
        Standard deviation of the information content over them.
    """

    score: float
    information_content: float
    spread: float


def load(form: str, own: Sequence[Path] | None = None) -> LensFinder:
    """Open an ensemble with the weights that come with the project, or one's own.

    Parameters
    ----------
    form : str
        Key of `lens_network.FORMS`.
    own : sequence of paths, optional
        Weights of its members, whose digests nobody knows.

    Raises
    ------
    BackboneError
        A file is missing, damaged, or not the one that was published with this version.
    """
    laid_out = FORMS[form]
    files: list[tuple[Shipped, Path | None]] = [(one, None) for one in WEIGHTS[form]]
    if own:
        files = [(Shipped(f"lens --form {form}", "", ""), file) for file in own]
    return LensFinder(laid_out, [one.load_into(lambda: lens_network.build(laid_out), file) for one, file in files])


class LensFinder:
    """An ensemble of lens networks with everything that it needs around it.

    Parameters
    ----------
    form : Form
    members : sequence of tf_keras.Model
        Of `models.lens_network.build(form)`.
    """

    def __init__(self, form: Form, members: Sequence[Model]) -> None:
        self.form = form
        self._members = [Batched(one, _BATCH) for one in members]

    def look(self, stamps: Sequence[NDArray[np.float32]], pixel_scale: float) -> list[LensLook]:
        """Look for a lens in the middle of each of many stamps.

        Parameters
        ----------
        stamps : sequence of float32 arrays (rows, columns) or (bands, rows, columns)
            Of any size; NaN where pixels are missing. Of four bands (u, g, r, i) those not taken are all NaN.
        pixel_scale : float
            [arcsec/px].

        Returns
        -------
        list of LensLook
            One a stamp, in their order.
        """
        if not stamps:
            return []
        windows = np.stack([fitted(one, pixel_scale, self.form) for one in stamps])
        images = lens_network.prepare(windows, host_free=self.form.host_free)
        found = np.array([_looks(member, images) for member in self._members], np.float64)
        odds, contents = found[..., 0].mean(axis=1), np.clip(found[..., 1], 0.0, 5.0)
        scores = (1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0)))).mean(axis=0)
        means, spreads = 10 ** contents.mean(axis=(0, 1)), (10**contents).std(axis=(0, 1))
        return [LensLook(*map(float, one)) for one in zip(scores, means, spreads, strict=True)]


def fitted(stamp: NDArray[np.float32], pixel_scale: float, form: Form) -> NDArray[np.float32]:
    """Bring a stamp to a network's window and pixels.

    Parameters
    ----------
    stamp : float32 array (rows, columns) or (bands, rows, columns)
    pixel_scale : float
        [arcsec/px].
    form : Form

    Returns
    -------
    float32 array (bands, side, side)
        NaN where there was no pixel.
    """
    bands = stamp if stamp.ndim == 3 else stamp[None]
    ratio = form.pixel_scale / pixel_scale
    rows, columns = bands.shape[1:]
    if abs(ratio - 1) > _ALIKE:
        return np.stack([_resampled(one, ratio, form.side) for one in bands])
    window = np.full((len(bands), form.side, form.side), np.nan, np.float32)
    top, left = (form.side - rows) // 2, (form.side - columns) // 2
    inner = bands[:, max(-top, 0) :, max(-left, 0) :][:, : form.side, : form.side]
    top, left = max(top, 0), max(left, 0)
    window[:, top : top + inner.shape[1], left : left + inner.shape[2]] = inner
    return window


def _looks(member: Batched, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Show images (n, side, side, planes) to a member, turned too where that may change anything: (turns, n, 2)."""
    found = np.repeat(member(images)[None], len(TURNS), axis=0)
    again = np.flatnonzero(found[0, :, 0] > _DULL)
    planes = np.moveaxis(images[again], -1, 1)
    turned = np.concatenate([np.moveaxis(lens_network.turned(planes, turn), 1, -1) for turn in TURNS[1:]])
    found[1:, again] = member(turned).reshape(found[1:, again].shape)
    return found


def _resampled(image: NDArray[np.float32], ratio: float, side: int) -> NDArray[np.float32]:
    """Interpolate between the pixels; coarser ones take the mean over their area, about."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    missing = ~np.isfinite(image)
    whole = np.where(missing, np.float32(0), image)
    if ratio > 1:
        whole = gaussian_filter(whole, 0.4 * np.sqrt(ratio**2 - 1))
    line = (np.arange(side) - (side - 1) / 2) * ratio
    places = np.meshgrid(*(line + (size - 1) / 2 for size in image.shape), indexing="ij")
    found = map_coordinates(whole, places, order=1, cval=np.nan)
    found[map_coordinates(missing.astype(np.float32), places, order=1, cval=1.0) > 0.01] = np.nan
    return np.asarray(found, np.float32)
