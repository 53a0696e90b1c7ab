from __future__ import annotations

import os
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from broker.novelty import manifest as manifests
from broker.novelty.build import build
from broker.novelty.recipe import Recipe
from broker.novelty.versions import open_version, survey_folder
from consumers.index.announcement import Announcement
from consumers.index.store import ABANDONED_S, fetch, keep_newest, sha256_of_manifest, upload
from schemas.errors import NoveltyIndexError
from tests.broker.novelty.rows import DIGEST, sightings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(sightings(40), tmp_path_factory.mktemp("built"), Recipe(axes=4))


@pytest.fixture
def announced(built: Path) -> Announcement:
    """Stored in the memory of this process, as far from a folder as fsspec's own file systems get."""
    uri = upload(built, f"memory://{uuid.uuid4().hex}/index/")
    manifest, sha256 = sha256_of_manifest(uri)
    return Announcement.of(manifest, uri, sha256)


def test_an_announcement_comes_back_as_it_was_sent(announced: Announcement) -> None:
    assert Announcement.read(announced.write()) == announced
    assert announced.key == ("ztf", DIGEST)
    assert (announced.metric, announced.number) == ("l2sq", "f16")


def test_what_is_fetched_is_what_was_uploaded(built: Path, announced: Announcement, tmp_path: Path) -> None:
    folder = fetch(announced, tmp_path)
    assert folder == survey_folder(tmp_path, "ztf") / announced.version
    assert manifests.facts_of(folder) == manifests.facts_of(built)
    assert open_version(folder, DIGEST).name == announced.version
    assert fetch(announced, tmp_path) == folder
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_copy_of_another_version_by_the_same_name_is_fetched_again(announced: Announcement, tmp_path: Path) -> None:
    file = fetch(announced, tmp_path) / manifests.FILE
    whole = file.read_bytes()
    for damage in (whole + b" ", None):
        file.unlink() if damage is None else file.write_bytes(damage)
        fetch(announced, tmp_path)
        assert file.read_bytes() == whole


def test_another_version_than_announced_is_refused_and_leaves_nothing(announced: Announcement, tmp_path: Path) -> None:
    for changed in ({"sha256": "0" * 64}, {"digest": "x"}, {"version": "20260101T000000Z-00000000"}):
        with pytest.raises(NoveltyIndexError, match="announce it again"):
            fetch(replace(announced, **changed), tmp_path)
    with pytest.raises(NoveltyIndexError, match="name of a folder"):
        fetch(replace(announced, version="../../etc"), tmp_path)
    for uri in ("memory://nowhere", "nosuchprotocol://x", str(tmp_path / "nowhere")):
        with pytest.raises(NoveltyIndexError, match="check the address"):
            fetch(replace(announced, uri=uri), tmp_path)
    assert list(survey_folder(tmp_path, "ztf").iterdir()) == []


def test_the_version_in_use_is_kept_however_old(tmp_path: Path) -> None:
    names = [build(sightings(40, seed=seed), tmp_path, Recipe(axes=4)).name for seed in range(4)]
    keep_newest(tmp_path, "ztf", 2, names[0])
    left = {path.parent.name for path in survey_folder(tmp_path, "ztf").glob(f"*/{manifests.FILE}")}
    assert left == {names[0], *sorted(names)[-2:]}


def test_what_was_fetched_in_part_goes_once_nobody_fetches_it(tmp_path: Path) -> None:
    folder = survey_folder(tmp_path, "ztf")
    abandoned, busy = folder / ".fetching-1", folder / ".fetching-2"
    for aside in (abandoned, busy):
        aside.mkdir(parents=True)
        (aside / "index").touch()
    long_ago = abandoned.stat().st_mtime - 2 * ABANDONED_S
    os.utime(abandoned, (long_ago, long_ago))
    keep_newest(tmp_path, "ztf", 2, "none")
    assert list(folder.iterdir()) == [busy]
