"""Versions of the index under a URL, and the way from there into a machine's own folder.

A version's manifest goes up last and comes down first: it holds the sha256 of every file, and the announcement holds
the manifest's.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from broker.novelty import manifest as manifests
from broker.novelty.versions import publish, survey_folder, version_folder
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker.novelty.manifest import Manifest
    from consumers.index.announcement import Announcement

_FETCHING = ".fetching-"
#: A version that is fetched gets its next file sooner; otherwise nobody fetches it any more [s].
ABANDONED_S = 86_400.0


def upload(folder: Path, url: str) -> str:
    """Copy a version's files to a folder of its own below a URL.

    Parameters
    ----------
    folder : Path
        Of the version.
    url : str
        A path, or anything that fsspec opens.

    Returns
    -------
    str
        The folder's URL.

    Raises
    ------
    NoveltyIndexError
        The files cannot be written.
    """
    manifest = manifests.read(folder)
    uri = f"{url.rstrip('/')}/{manifest.survey}/{manifest.version}"
    with _storage(uri) as (files, root):
        for name in (*manifest.files, manifests.FILE):
            target = f"{root}/{name}"
            files.makedirs(target.rpartition("/")[0], exist_ok=True)
            files.put_file(str(folder / name), target)
    return uri


def sha256_of_manifest(uri: str) -> tuple[Manifest, str]:
    """Read a stored version's manifest, and hash it.

    Raises
    ------
    NoveltyIndexError
        There is none, or it is damaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _fetch_manifest(uri, Path(folder))


def fetch(announcement: Announcement, cache: Path) -> Path:
    """Copy an announced version into a folder of versions, where it is not there already.

    Several processes may do so at once: whoever is first has it in place, whole.

    Parameters
    ----------
    announcement : Announcement
    cache : Path

    Returns
    -------
    Path
        The version's folder, to be opened with `broker.novelty.versions.open_version`, which checks every file.

    Raises
    ------
    NoveltyIndexError
        It cannot be read, or is not the one that was announced.
    """
    place = version_folder(cache, announcement.survey, announcement.version)
    if place.is_dir():
        if _is_announced(place, announcement):
            return place
        discard(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=_FETCHING, dir=place.parent))
    try:
        manifest, digest = _fetch_manifest(announcement.uri, aside)
        told = (announcement.sha256, announcement.survey, announcement.digest, announcement.version)
        if (digest, manifest.survey, manifest.digest, manifest.version) != told:
            raise NoveltyIndexError(
                f"{announcement.uri} is not the version {announcement.version} that was announced: its manifest is "
                "another; upload and announce it again"
            )
        with _storage(announcement.uri) as (files, root):
            for name in manifest.files:
                target = aside / _inside(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                files.get_file(f"{root}/{name}", str(target))
        manifests.verify(aside, manifest)
        try:
            publish(aside, manifest.version)
        except OSError:
            if not place.is_dir():  # else another worker of the machine was faster
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return place


def discard(folder: Path) -> None:
    """Remove a version's copy, since it is damaged: it is fetched again."""
    shutil.rmtree(folder, ignore_errors=True)


def keep_newest(cache: Path, survey: str, count: int, used: str) -> None:
    """Remove a survey's oldest versions but the one in use; what a process has mapped stays readable for it.

    What processes that were killed had fetched in part goes as well.
    """
    for aside in survey_folder(cache, survey).glob(f"{_FETCHING}*"):
        with suppress(OSError):  # whoever fetches there may end just now
            if time.time() - aside.stat().st_mtime > ABANDONED_S:
                discard(aside)
    folders = sorted(path.parent for path in survey_folder(cache, survey).glob(f"[!.]*/{manifests.FILE}"))
    for folder in folders[:-count]:
        if folder.name != used:
            discard(folder)


def _fetch_manifest(uri: str, folder: Path) -> tuple[Manifest, str]:
    with _storage(uri) as (files, root):
        files.get_file(f"{root}/{manifests.FILE}", str(folder / manifests.FILE))
    return manifests.read(folder), _sha256(folder)


def _is_announced(folder: Path, announcement: Announcement) -> bool:
    """Whether a copy is of the version that was announced, and not of another one of its name."""
    try:
        return _sha256(folder) == announcement.sha256
    except OSError:
        return False


def _sha256(folder: Path) -> str:
    return hashlib.sha256((folder / manifests.FILE).read_bytes()).hexdigest()


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise NoveltyIndexError(f"a manifest names the file {name!a}, which lies outside its folder")
    return path


@contextmanager
def _storage(url: str) -> Iterator[tuple[Any, str]]:
    """Open the file system of a URL, and find the path in it."""
    import fsspec

    try:
        yield fsspec.core.url_to_fs(url)
    except NoveltyIndexError:
        raise
    except Exception as error:  # every file system has errors of its own
        raise NoveltyIndexError(
            f"{url}: {type(error).__name__}: {error}; check the address, its access rights, and that fsspec's package "
            "for it is installed"
        ) from error
