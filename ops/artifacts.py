"""The Java artifacts that the local servers are made of: pinned by hash, fetched once, cached.

A lock file (``ops/*.lock``) names each artifact and its SHA-256, so nothing is left to be resolved
when a server is first started, and a repository cannot hand out anything else. (Resolving afresh is
not only slower: depending on the logging library beside it, the same Kafka 4.4.0 came with
kafka-clients 3.9.1.) ``ops/lock.py`` makes the lock of another version.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Self

import structlog

from ops.errors import FetchError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

#: Downloads at once; more do not make 44 small jars arrive sooner.
WORKERS = 8
#: Tries of one download, since a repository now and then answers 503.
TRIES = 3
#: Seconds of silence after which a download counts as failed.
TIMEOUT = 60

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a Maven repository, and what it must hold.

    Parameters
    ----------
    coordinates : str
        ``group:name:packaging[:classifier]:version``, as Maven writes it.
    sha256 : str
        Hexadecimal digest of the file.
    """

    coordinates: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line of a lock file: coordinates, a space, the digest."""
        coordinates, sha256 = line.split()
        return cls(coordinates, sha256)

    @property
    def parts(self) -> tuple[str, str, str, str, str]:
        """Group, name, packaging, classifier (may be empty) and version."""
        group, name, packaging, *classifier, version = self.coordinates.split(":")
        return group, name, packaging, "".join(classifier), version

    @property
    def filename(self) -> str:
        """The file's name in a repository and in the cache."""
        _, name, packaging, classifier, version = self.parts
        return f"{name}-{version}{classifier and '-' + classifier}.{packaging}"


def read_lock(name: str) -> list[Artifact]:
    """Return the artifacts of ``ops/<name>.lock``."""
    lines = files("ops").joinpath(f"{name}.lock").read_text(encoding="utf-8").splitlines()
    return [Artifact.parse(line) for line in lines if line and not line.startswith("#")]


def default_cache() -> Path:
    """Return the folder that keeps the servers: ``$XDG_CACHE_HOME/sosia``, by default ``~/.cache/sosia``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sosia"


def jars(name: str, cache: Path | None = None) -> list[Path]:
    """Return the jars of a lock, fetching them where the cache has none.

    The cached files are compared with the lock each time (0.1 s for Kafka), so that a jar of another
    version beside the right ones, a damaged or a missing one is found before Java finds it.

    Parameters
    ----------
    name : str
        The lock's name, which is also the cache folder's: ``kafka-4.4.0``.
    cache : Path, optional
        Where to keep it; by default `default_cache`.

    Raises
    ------
    FetchError
        When no repository is reached, or a file is not the pinned one.
    """
    artifacts = read_lock(name)
    folder = (cache or default_cache()) / name
    _once(folder, lambda fresh: fetch(artifacts, fresh))
    check(folder, artifacts)
    return [folder / artifact.filename for artifact in artifacts]


def unpacked(name: str, cache: Path | None = None) -> Path:
    """Return the folder of a lock's one archive, fetched and unpacked where the cache has none.

    Parameters and errors are those of `jars`.
    """
    (archive,) = read_lock(name)
    folder = (cache or default_cache()) / name

    def unpack(fresh: Path) -> None:
        with tempfile.TemporaryDirectory(dir=fresh.parent) as download:
            fetch([archive], Path(download))
            check(Path(download), [archive])
            with tarfile.open(Path(download) / archive.filename) as tar:
                tar.extractall(fresh, filter="data")

    _once(folder, unpack)
    return folder


def check(folder: Path, artifacts: list[Artifact]) -> None:
    """Compare a folder with a lock, file by file.

    Raises
    ------
    FetchError
        When a file is missing, is not in the lock or has another digest.
    """
    pinned = {artifact.filename: artifact.sha256 for artifact in artifacts}
    found = {path.name: path for path in folder.iterdir()}
    wrong = [f"{name} is missing" for name in sorted(pinned.keys() - found.keys())]
    wrong += [f"{name} does not belong there" for name in sorted(found.keys() - pinned.keys())]
    wrong += [
        f"{name} is damaged" for name in sorted(pinned.keys() & found.keys()) if _sha256(found[name]) != pinned[name]
    ]
    if wrong:
        raise FetchError(f"{folder} is not what is pinned: {'; '.join(wrong)}. Remove the folder to fetch it again.")


def fetch(artifacts: list[Artifact], folder: Path) -> None:
    """Bring artifacts into a folder, from Maven's repository on this machine or from a remote one.

    jgo's own settings apply, so that a site's mirror can be named there.

    Raises
    ------
    FetchError
        When one of them is nowhere to be had.
    """
    from jgo.config import GlobalSettings
    from jgo.constants import default_maven_repo
    from jgo.maven import MavenContext

    mirrors = GlobalSettings.load().repositories
    with tempfile.TemporaryDirectory(dir=folder.parent) as downloads:
        # Maven's own repository is read, never written: jgo's writes there are not atomic.
        context = MavenContext(
            repo_cache=Path(downloads),
            local_repos=[default_maven_repo()],
            remote_repos=mirrors or None,
            timeout=TIMEOUT,
        )
        with ThreadPoolExecutor(WORKERS) as pool:
            for artifact, path in zip(artifacts, pool.map(lambda one: _resolve(context, one), artifacts), strict=True):
                shutil.copyfile(path, folder / artifact.filename)


def _resolve(context: MavenContext, artifact: Artifact) -> Path:
    import requests

    group, name, packaging, classifier, version = artifact.parts
    wanted = context.project(group, name).at_version(version).artifact(classifier, packaging)
    failure: Exception | None = None
    for _ in range(TRIES):
        try:
            return Path(wanted.resolve())
        except (requests.RequestException, RuntimeError) as error:  # jgo's own errors are RuntimeErrors
            failure = error
            if wanted.cached_path is not None:  # what came before the connection broke would pass for the whole
                wanted.cached_path.unlink(missing_ok=True)
    raise FetchError(
        f"cannot fetch {artifact.coordinates}: {failure}. Needed once: a way to Maven Central, a mirror of it "
        "in jgo's settings, or the artifact in Maven's local repository."
    ) from failure


def _once(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder unless it is there; it appears complete or not at all, whoever else tries meanwhile."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(folder.name + ".lock")):
        if folder.is_dir():  # another process made it while this one waited
            return
        log.info("fetching, this once", server=folder.name, to=str(folder.parent))
        with tempfile.TemporaryDirectory(dir=folder.parent) as parent:
            fresh = Path(parent) / folder.name
            fresh.mkdir()
            fill(fresh)
            fresh.rename(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed, or with the process
        yield


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
