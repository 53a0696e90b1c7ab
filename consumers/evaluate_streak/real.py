"""Real images: streaks painted into the differences of real packets, and ZTF's own streaks out of picture files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from broker.classifiers.contract import fwhm_of
from broker.cutout import Cutout, read_cutout
from broker.files import find_files, read_files
from broker.surveys.fields import number, record
from consumers.assembly import open_surveys
from consumers.evaluate_streak.stamps import at_false_positives
from models.intervals import Figure, wilson
from models.simulate.streaks.sources import star
from models.simulate.streaks.trail import Segment, matched_snr
from models.streak_network import SIDE, in_sigma
from schemas.errors import SosiaError, StampError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.packet import Packet
    from models.streak_detector import StreakDetector

#: Shares of the ordinary stamps that may pass where streaks are to be found.
PASSING = 0.02
SNRS, LENGTHS = (5.0, 8.0, 12.0, 20.0, 50.0), (5.0, 10.0, 20.0, 40.0, 60.0)
_SEED = 90_001
#: Distances of trails from the packet's own source and of their ends from the stamp's rim [px]; places tried.
_BESIDE, _RIM, _TRIES = 7.0, 3.0, 100
_PSF_SIDE = 41
_ZTF_SIDE = 63


@dataclass(frozen=True, slots=True)
class Painted:
    """Completeness in one survey's differences: a row a length [px], a column a signal-to-noise ratio."""

    survey: str
    stamps: int
    passing: Figure
    table: list[tuple[float, list[Figure]]]


@dataclass(frozen=True, slots=True)
class Pictures:
    """ZTF's own streaks among its differences, all as 8-bit pictures."""

    found: Figure
    found_at_shipped: Figure
    passing_at_shipped: Figure
    scores: list[float]


@dataclass(frozen=True, slots=True, eq=False)
class _Difference:
    image: NDArray[np.float32]
    psf: NDArray[np.float64]
    fwhm: float
    polarity: int | None


def on_packets(detector: StreakDetector, threshold: float, data: Path) -> Iterator[Painted]:
    """Paint trails, each with its packet's own PSF, into the differences of real packets; dark or bright.

    A trail that would not lie whole in the stamp, beside the packet's own source, is not painted.
    """
    for survey, differences in _differences(data).items():
        plain = _scores(detector, differences)
        table = []
        for length in LENGTHS:
            row = []
            for column, snr in enumerate(SNRS):
                rng = np.random.default_rng([_SEED, round(length), column])
                painted = (_paint(rng, each, length, snr) for each in differences)
                scores = _scores(detector, [one for one in painted if one is not None])
                row.append(wilson(int((scores > threshold).sum()), len(scores)))
            table.append((length, row))
        yield Painted(survey, len(differences), wilson(int((plain > threshold).sum()), len(plain)), table)


def on_pictures(detector: StreakDetector, threshold: float, data: Path) -> Pictures:
    """Look at the inner 63 px of ZTF's streak pictures, and at its differences rounded and inverted alike.

    Raises
    ------
    SosiaError
        The folder has no such pictures or packets.
    """
    from PIL import Image

    files = sorted((data / "streaks" / "ztf").glob("*.png"))
    ordinary = _differences(data).get("ztf", [])
    if not files or not ordinary:
        raise SosiaError(f"{data} holds {len(files)} pictures in streaks/ztf and {len(ordinary)} ZTF differences")
    streaks = [_inner(255.0 - np.asarray(Image.open(file).convert("L"), np.float32)) for file in files]
    # Told the survey's usual width, and that they are bright.
    scores = _scores(detector, [replace(ordinary[0], image=one, polarity=1) for one in streaks])
    others = _scores(detector, [replace(one, image=_as_picture(one.image)) for one in ordinary])
    allowed = at_false_positives(others, PASSING)
    return Pictures(
        found=wilson(int((scores > allowed).sum()), len(scores)),
        found_at_shipped=wilson(int((scores > threshold).sum()), len(scores)),
        passing_at_shipped=wilson(int((others > threshold).sum()), len(others)),
        scores=[float(one) for one in scores],
    )


def _differences(data: Path) -> dict[str, list[_Difference]]:
    found: dict[str, list[_Difference]] = {}
    for one in read_files(find_files([data]), open_surveys(["ztf", "lsst"])):
        if one.packet is None or one.packet.difference is None:
            continue
        try:
            cutout = read_cutout(one.packet.difference)
        except StampError:
            continue
        packet = one.packet
        image = cutout.image * np.float32(packet.difference_sign)
        known = _Difference(image, _psf(packet, cutout), _fwhm(packet, cutout), packet.polarity)
        found.setdefault(one.packet.survey.name, []).append(known)
    return found


def _scores(detector: StreakDetector, stamps: Sequence[_Difference]) -> NDArray[np.float64]:
    widths, polarities = [one.fwhm for one in stamps], [one.polarity for one in stamps]
    found = detector.look([one.image for one in stamps], fwhm=widths, polarity=polarities)
    return np.array([one.score for one in found])


def _fwhm(packet: Packet, cutout: Cutout) -> float:
    """Width of the PSF [px] as the stream's classifier knows it: of the packet's own, else the survey's usual one."""
    own = None if cutout.psf is None else fwhm_of(cutout.psf)
    facts = packet.survey.facts
    assert facts.pixel_scale is not None  # both surveys' are known
    return own or (packet.seeing or facts.seeing) / facts.pixel_scale


def _psf(packet: Packet, cutout: Cutout) -> NDArray[np.float64]:
    """Return the packet's PSF; ZTF tells only its width, of which a Gaussian is made."""
    if cutout.psf is not None:
        return np.asarray(cutout.psf / cutout.psf.sum(), np.float64)
    candidate = record(packet.framed, ("candidate",))["candidate"] or {}
    middle = (_PSF_SIDE - 1) / 2
    return star((_PSF_SIDE, _PSF_SIDE), middle, middle, number(candidate.get("fwhm")) or 2.0).astype(np.float64)


def _paint(rng: np.random.Generator, difference: _Difference, length: float, snr: float) -> _Difference | None:
    """Add a trail beside the packet's own source, which fills the middle of the stamp; the alert is the trail's."""
    image = in_sigma(difference.image)
    rows, columns = image.shape
    middle = (columns - 1) / 2, (rows - 1) / 2
    polarity = rng.choice([-1.0, 1.0])
    for _ in range(_TRIES):
        x, y = (
            one + rng.uniform(-0.5, 0.5) * min(size, SIDE) for one, size in zip(middle, (columns, rows), strict=True)
        )
        segment = Segment.around(x, y, length, rng.uniform(0, np.pi))
        inner = segment.within(rows, columns, max(_RIM, (max(rows, columns) - SIDE) / 2))
        if inner is not None and inner.length > length - 1e-9 and _distance(segment, *middle) > _BESIDE:
            source = convolved_trail((rows, columns), segment, difference.psf)
            painted = np.asarray(image + polarity * snr / matched_snr(source) * source, np.float32)
            return replace(difference, image=painted, polarity=int(polarity))
    return None


def _distance(segment: Segment, x: float, y: float) -> float:
    """Distance of a point from a segment [px]."""
    step = np.array([segment.x2 - segment.x1, segment.y2 - segment.y1])
    offset = np.array([x - segment.x1, y - segment.y1])
    place = np.clip(offset @ step / max(step @ step, 1e-12), 0.0, 1.0)
    return float(np.hypot(*(offset - place * step)))


def convolved_trail(shape: tuple[int, int], segment: Segment, psf: NDArray[np.float64]) -> NDArray[np.float32]:
    """Draw a PSF along a segment: in Fourier space, where a line is a sinc; the flux is the PSF's."""
    size = 2 * max(*shape, *psf.shape)
    grid = np.zeros((size, size))
    grid[: psf.shape[0], : psf.shape[1]] = psf
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None]
    dx, dy = segment.x2 - segment.x1, segment.y2 - segment.y1
    x, y = (segment.x1 + segment.x2 - psf.shape[1] + 1) / 2, (segment.y1 + segment.y2 - psf.shape[0] + 1) / 2
    line = np.sinc(fx * dx + fy * dy) * np.exp(-2j * np.pi * (fx * x + fy * y))
    painted = np.fft.ifft2(np.fft.fft2(grid) * line).real
    return np.asarray(painted[: shape[0], : shape[1]], np.float32)


def _inner(image: NDArray[np.float32], side: int = _ZTF_SIDE) -> NDArray[np.float32]:
    top, left = ((size - side) // 2 for size in image.shape)
    return image[max(top, 0) :, max(left, 0) :][:side, :side]


def _as_picture(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round a stamp to 256 steps from its darkest to its brightest pixel."""
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    return np.asarray(np.rint((image - low) / max(high - low, 1e-12) * 255.0), np.float32)
