"""The router's thresholds, and which class networks they were set for: `sosia-router.json` beside the weights.

A threshold is the least score of all the positives that its class's network accepts in the calibration. With n of
them and none missed, at most 1 - 0.05^(1/n) of all such positives are missed, with 95 % confidence. Another class
network accepts other positives: for it the threshold means nothing, and that class is not routed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models import lens_finder, merger_finder, streak_detector
from schemas.errors import BackboneError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "sosia-router.json"

#: How the file is made again.
MEND = "calibrate the router again with `sosia train router --calibrate`"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One class's.

    Attributes
    ----------
    score : float
        Below it the class network need not look.
    accepted : int
        Positives that it stands on.
    network : str
        SHA-256 of what `networks` tells of the class network that accepted them.
    """

    score: float
    accepted: int
    network: str

    @property
    def missed_at_most(self) -> float:
        """Share of what the class network accepts that is missed, at most: 95 % confidence."""
        return float(1.0 - 0.05 ** (1.0 / self.accepted))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What belongs to one set of weights.

    Attributes
    ----------
    weights : str
        Their SHA-256.
    thresholds : mapping of class to Threshold
    """

    weights: str
    thresholds: Mapping[str, Threshold]

    def valid(self) -> dict[str, float]:
        """Return the thresholds of those classes whose networks are still those of the calibration."""
        now = networks()
        return {name: one.score for name, one in self.thresholds.items() if one.network == now.get(name)}

    def outdated(self) -> tuple[str, ...]:
        """Return the classes whose networks are others by now."""
        return tuple(name for name in self.thresholds if name not in self.valid())

    def current(self) -> dict[str, float]:
        """Return the thresholds of all classes.

        Raises
        ------
        BackboneError
            A class's network is another than the calibration's.
        """
        if outdated := ", ".join(self.outdated()):
            raise BackboneError(f"the router was calibrated for other networks than ship now ({outdated}): {MEND}")
        return self.valid()

    def save(self, file: Path) -> None:
        """Write it."""
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")


def read(weights: str, file: Path | None = None) -> Calibration:
    """Read the calibration of weights with that SHA-256.

    Parameters
    ----------
    weights : str
    file : path, optional
        Another than the one that comes with the project.

    Raises
    ------
    BackboneError
        It is missing, damaged, or of other weights.
    """
    path = file or Path(__file__).with_name(FILE)
    try:
        stored = json.loads(path.read_text())
        thresholds = {str(name): Threshold(**one) for name, one in stored["thresholds"].items()}
        found = Calibration(str(stored["weights"]), thresholds)
    except OSError as error:
        raise BackboneError(f"router calibration {path} cannot be read ({error}): {MEND}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackboneError(f"router calibration {path} is damaged ({error}): {MEND}") from error
    if found.weights != weights:
        raise BackboneError(f"router calibration {path} is of weights {found.weights}, not {weights}: {MEND}")
    return found


def digest(weights: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def networks() -> dict[str, str]:
    """Return, by class, a SHA-256 of what decides which stamps its network accepts: version, weights and thresholds."""
    deciding: dict[str, list[object]] = {
        "streak": [streak_detector.VERSION, streak_detector.WEIGHTS.sha256, streak_detector.THRESHOLD],
        # Alerts carry one band.
        "lens": [
            [lens_finder.VERSION, form, [one.sha256 for one in lens_finder.WEIGHTS[form]], lens_finder.THRESHOLDS[form]]
            for form in ("ground", "space")
        ],
        "merger": [merger_finder.VERSION, merger_finder.WEIGHTS.sha256, merger_finder.THRESHOLD],
    }
    return {name: hashlib.sha256(json.dumps(one).encode()).hexdigest() for name, one in deciding.items()}
