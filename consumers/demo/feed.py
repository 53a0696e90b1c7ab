"""What a demonstration publishes: a simulated night, or the packets of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from broker.files import find_files
from consumers.replay import packets_of
from consumers.simulated_night import RARE_SHARE
from models.simulate import rubin
from models.simulate.stream import Truth, simulate
from schemas.errors import ConfigurationError

SURVEYS = ("ztf", "lsst")
# Of a simulated night's alerts, the share that is ZTF's.
ZTF_SHARE = 2 / 3
WIRE_MAGIC = b"\0"


class Feed(Protocol):
    """A source of packets."""

    @property
    def title(self) -> str:
        """What is streamed, for people."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Packets by survey."""

    @property
    def schemas(self) -> Path | None:
        """Folder of the schemas of wire-format packets."""

    @property
    def truths(self) -> Mapping[tuple[str, str], Truth]:
        """What is known of the packets that were published; empty unless they are simulated."""

    def packets(self, survey: str) -> Iterator[tuple[str, bytes]]:
        """Yield names and bytes of one survey's packets."""


class SimulatedNight:
    """A night made by the project itself.

    Parameters
    ----------
    alerts : int
        How many.
    surveys : tuple of str
        Whose; with both, two of three are ZTF's.
    folder : Path
        Where the schema of the Rubin-like packets is put.
    seed : int
        The same seed gives the same night.
    """

    def __init__(self, alerts: int, surveys: tuple[str, ...], folder: Path, seed: int = 0) -> None:
        self.title = "a simulated night"
        ztf = round(alerts * ZTF_SHARE) if len(surveys) > 1 else alerts * surveys.count("ztf")
        self.counts = {survey: count for survey, count in zip(SURVEYS, (ztf, alerts - ztf), strict=True) if count}
        self.schemas = rubin.save_schema(folder / "schema").parent
        self.truths: dict[tuple[str, str], Truth] = {}
        self._seed = seed

    def packets(self, survey: str) -> Iterator[tuple[str, bytes]]:
        """Yield packets as they are simulated, noting the truth of each."""
        for alert in simulate(survey, self.counts[survey], self._seed, RARE_SHARE):
            self.truths[survey, alert.truth.epoch_id] = alert.truth
            yield f"simulated {survey} {alert.truth.epoch_id}", alert.packet


class FolderOfPackets:
    """The ``.avro`` files below a folder, the surveys told apart by what the files begin with.

    Parameters
    ----------
    folder : Path
        Looked through with all the folders in it.
    surveys : tuple of str
        Whose packets to take.

    Raises
    ------
    ConfigurationError
        The folder is not there or has no packets, or its wire-format packets have no schemas.
    """

    def __init__(self, folder: Path, surveys: tuple[str, ...]) -> None:
        if not folder.is_dir():
            raise ConfigurationError(f"--input {folder}: is no folder; give one that holds .avro files")
        self.title = f"the packets of {folder}"
        self.truths: Mapping[tuple[str, str], Truth] = {}
        self._files: dict[str, list[Path]] = {}
        for file in find_files([folder]):
            survey = _survey(file)
            if survey in surveys:
                self._files.setdefault(survey, []).append(file)
        self.counts = {survey: len(files) for survey, files in self._files.items()}
        if not self.counts:
            raise ConfigurationError(f"--input {folder}: has no packets of {' or '.join(surveys)} (.avro files) in it")
        self.schemas = _schemas(folder)
        if "lsst" in self.counts and self.schemas is None:
            raise ConfigurationError(
                f"--input {folder}: holds packets in wire format, which carry no schema; put the survey's into a "
                f"folder {folder / 'schema'}, as lsst.vMAJOR_MINOR.alert.avsc"
            )

    def packets(self, survey: str) -> Iterator[tuple[str, bytes]]:
        """Yield the files' names and bytes."""
        return packets_of(self._files[survey])


def _survey(file: Path) -> str:
    """Tell by the first byte; what is neither format will be a dead letter of the first survey's topic."""
    with file.open("rb") as opened:
        return "lsst" if opened.read(1) == WIRE_MAGIC else "ztf"


def _schemas(folder: Path) -> Path | None:
    """Find the folder ``schema`` in the packets' folder, anywhere below it, or beside it."""
    places = [*sorted(folder.rglob("schema")), folder.resolve().parent / "schema"]
    return next((place for place in places if place.is_dir()), None)
