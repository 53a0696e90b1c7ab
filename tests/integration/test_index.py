"""The novelty index on a real Kafka: built of the stream's rows, announced, swapped under load, and rolled back."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from broker.annotation import EpochCheck, EpochState, NoveltyState
from broker.annotator import Finding
from broker.embedding import Embedded
from broker.novelty.build import build
from broker.novelty.judging import NoveltyJudge
from broker.novelty.recipe import Recipe
from broker.novelty.versions import current, open_version
from consumers import names
from consumers.cli import main
from consumers.index.announcement import Announcement, announce, announcements
from consumers.index.service import roll_back, run_index
from consumers.index.store import fetch, sha256_of_manifest, upload
from consumers.settings import Settings
from consumers.worker import index_versions
from consumers.worker.index_versions import IndexVersions
from models.simulate.stream import simulate
from schemas.errors import ConfigurationError, NoveltyIndexError, SosiaError
from schemas.own import unpack
from tests.broker.annotations import annotation_of
from tests.broker.novelty.rows import FEATURES, row, sightings
from tests.integration.workers import WITHIN, Cluster, StandIn, WorkerThread, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from broker.novelty.sighting import Sighting

RECIPE = Recipe(axes=6, calibration_share=0.3)
#: Enough for several batches before, while and after the index is swapped.
ALERTS = 600


@pytest.fixture
def cluster(embeddings_cluster: Cluster) -> Cluster:
    return embeddings_cluster


class Judging(StandIn):
    """Looks at no pixels, but asks the index about each packet."""

    def __init__(self, versions: IndexVersions, digest: str) -> None:
        self._judge = NoveltyJudge(versions)
        self._digest = digest

    def annotate(self, packets: Sequence[Any], received: Sequence[Any]) -> list[Any]:
        rng = np.random.default_rng(len(packets))
        embedded = [Embedded(rng.normal(size=FEATURES).astype(np.float32), None, None, None, None, 0.0)
                    for _ in packets]  # fmt: skip
        checks = [EpochCheck(EpochState.JUDGED, "rule")] * len(packets)
        here = [SimpleNamespace(survey=one.survey, band="g", object_id=one.object_id, ra=None, dec=None)
                for one in packets]  # fmt: skip
        judged = self._judge.judge(here, embedded, [self._digest] * len(packets), checks)  # type: ignore[arg-type]  stand-ins
        return [Finding(replace(annotation_of(packet), novelty=one.novelty))
                for packet, one in zip(packets, judged, strict=True)]  # fmt: skip


def stored(root: Path, digest: str, seed: int) -> Announcement:
    """Build a version and store it."""
    folder = build(sightings(60, seed=seed, digest=digest), root / "built", RECIPE)
    return stored_announcement(upload(folder, f"file://{root / 'store'}"))


def stored_announcement(uri: str) -> Announcement:
    manifest, sha256 = sha256_of_manifest(uri)
    return Announcement.of(manifest, uri, sha256)


def path_of(announcement: Announcement) -> str:
    return announcement.uri.removeprefix("file://")


@pytest.fixture
def follow(
    cluster: Cluster, tmp_path: Path, digest: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., IndexVersions]]:
    monkeypatch.setattr(index_versions, "LOOK_S", 0.1)
    monkeypatch.setattr(index_versions, "FIRST_WAIT_S", 0.2)
    started = []

    def start(**arguments: Any) -> IndexVersions:
        versions = IndexVersions(cluster.config, tmp_path / "cache", {"ztf": digest}, **arguments)
        versions.start()
        started.append(versions)
        return versions

    yield start
    for one in started:
        one.stop()
        one._thread.join(WITHIN)


def test_swapping_under_load_loses_and_doubles_nothing(
    cluster: Cluster, tmp_path: Path, digest: str, follow: Callable[..., IndexVersions]
) -> None:
    alerts = [one.packet for one in simulate("ztf", 60)]
    first, second = stored(tmp_path, digest, 0), stored(tmp_path, digest, 1)
    announce(cluster.config, first)
    versions = follow()

    def sent(rounds: int) -> int:
        return rounds * len(alerts)

    def wait_for(most: int) -> None:
        wait_until(lambda: len(cluster.read(names.scores("ztf"))) >= most)

    with WorkerThread(cluster.settings(), annotator=Judging(versions, digest)):
        for number in itertools.count(1):
            cluster.produce(alerts)
            if number == 3:
                wait_for(sent(1))
                announce(cluster.config, second)
            if versions()["ztf"].name == second.version and sent(number) >= ALERTS:
                break
            wait_for(sent(number - 2))
        count = sent(number)
        wait_until(lambda: sum(row["records"] for row in cluster.ledger()) == count)
        cluster.produce(alerts)  # after the swap, whatever was in flight
        count += len(alerts)
        wait_until(lambda: sum(row["records"] for row in cluster.ledger()) == count)
    outputs = sorted(cluster.read(names.scores("ztf")), key=lambda one: one.offset() or 0)
    used = [unpack("annotation", one.value() or b"")["novelty"][0] for one in outputs]
    assert cluster.origins(names.scores("ztf")) == cluster.origins(names.annotated("ztf")) == cluster.inputs(count)
    assert {one["state"] for one in used} == {NoveltyState.SCORED}
    assert [name for name, _ in itertools.groupby(one["indexVersion"] for one in used)] == [
        first.version, second.version
    ]  # fmt: skip
    cluster.assert_balanced(count)


def test_what_is_damaged_truncated_or_of_another_backbone_is_refused_and_the_last_good_one_stays(
    cluster: Cluster, tmp_path: Path, digest: str, follow: Callable[..., IndexVersions]
) -> None:
    good, bad = stored(tmp_path, digest, 0), stored(tmp_path, digest, 1)
    foreign = replace(stored(tmp_path / "foreign", "another backbone", 2), digest=digest)
    announce(cluster.config, good)
    refused: list[str] = []
    versions = follow(refused=refused.append)
    assert versions()["ztf"].name == good.version

    index = tmp_path / "store" / "ztf" / bad.version / "0" / "index.usearch"
    whole = index.read_bytes()
    for damage in (whole[:-5], whole[:100] + b"\xff" + whole[101:]):
        index.write_bytes(damage)
        refused.clear()
        announce(cluster.config, bad)
        wait_until(lambda: len(refused) > 1)  # it is tried again
        assert versions()["ztf"].name == good.version
    announce(cluster.config, foreign)
    refused.clear()
    wait_until(lambda: refused)
    announce(cluster.config, replace(bad, uri="file:///nowhere"))
    refused.clear()
    wait_until(lambda: refused)
    assert versions()["ztf"].name == good.version
    assert set(refused) == {"ztf"}

    index.write_bytes(whole)
    announce(cluster.config, bad)
    wait_until(lambda: versions()["ztf"].name == bad.version)
    assert [path.name for path in (tmp_path / "cache" / "ztf").glob(".fetching*")] == []


def test_a_worker_starts_with_its_last_version_where_kafka_has_none(
    cluster: Cluster, tmp_path: Path, digest: str, follow: Callable[..., IndexVersions]
) -> None:
    assert follow()() == {}
    build(sightings(60, digest=digest), tmp_path / "cache", RECIPE)
    assert set(follow()()) == {"ztf"}


def publish(cluster: Cluster, rows: Sequence[Sighting], *, commit: bool = True) -> None:
    cluster.produce_at_once(map(row, rows), names.EMBEDDINGS, commit=commit)


def test_the_consumer_builds_of_committed_good_rows_and_announces_what_workers_open(
    cluster: Cluster, tmp_path: Path, digest: str
) -> None:
    config = tmp_path / "sosia.toml"
    config.write_text(
        f'[kafka]\nbootstrap_servers = "{cluster.kafka.bootstrap}"\n'
        f'[index]\nurl = "file://{tmp_path / "store"}"\nfolder = "{tmp_path / "built"}"\n'
    )
    settings = Settings(
        kafka={"bootstrap_servers": cluster.kafka.bootstrap}, index={"url": "unused", "folder": tmp_path / "built"}
    )
    old, rows = sightings(40, seed=1, digest="of last year"), sightings(60, digest=digest)
    bad = [replace(one, epoch_id=f"bad {one.epoch_id}", problematic=True) for one in rows[:7]]
    publish(cluster, old)
    publish(cluster, sightings(50, seed=2, digest=digest), commit=False)
    publish(cluster, [*rows, *bad])
    assert main(["index", "--once", "--config", str(config)]) == 0

    (announced,) = (one for key, one in announcements(cluster.config).items() if key == ("ztf", digest))
    assert (announced.metric, announced.number, announced.previous) == ("l2sq", "f16", None)
    version = open_version(fetch(announced, tmp_path / "cache"), digest)
    (facts,) = version.manifest.populations
    assert facts.dropped.problematic == 7
    assert facts.objects + facts.calibration.objects == 60
    with pytest.raises(NoveltyIndexError, match="none before"):
        roll_back(settings, "ztf")

    publish(cluster, sightings(30, seed=3, digest=digest))
    assert main(["index", "--once", "--config", str(config)]) == 0
    second = announcements(cluster.config)["ztf", digest]
    assert second.previous == announced.version
    assert main(["index", "rollback", "--survey", "ztf", "--config", str(config)]) == 0
    assert announcements(cluster.config)["ztf", digest] == announced
    with pytest.raises(ConfigurationError, match="ever announced"):
        roll_back(settings, "lsst")

    publish(cluster, sightings(60, seed=4, digest=f"{digest} next"))
    assert main(["index", "--once", "--config", str(config)]) == 0
    with pytest.raises(NoveltyIndexError, match=f"{second.version}, is of another backbone"):
        roll_back(settings, "ztf")


def test_what_the_consumer_lacks_is_named(cluster: Cluster, tmp_path: Path, digest: str) -> None:
    publish(cluster, sightings(60, digest=digest))
    kafka = {"bootstrap_servers": cluster.kafka.bootstrap}
    index = {"url": str(tmp_path / "store"), "folder": tmp_path / "built", "labels": tmp_path / "no table.csv"}
    with pytest.raises(SosiaError, match="no table"):
        run_index(Settings(kafka=kafka, index=index), once=True)
    with pytest.raises(ConfigurationError, match=r"index\.url"):
        run_index(Settings(kafka=kafka), once=True)
    assert ("ztf", digest) not in announcements(cluster.config)


def test_a_version_that_cannot_be_stored_is_neither_announced_nor_in_use(
    cluster: Cluster, tmp_path: Path, digest: str
) -> None:
    publish(cluster, sightings(60, digest=digest))
    (tmp_path / "file").touch()
    settings = Settings(
        kafka={"bootstrap_servers": cluster.kafka.bootstrap},
        index={"url": f"file://{tmp_path / 'file' / 'store'}", "folder": tmp_path / "built"},
    )
    with pytest.raises(NoveltyIndexError):
        run_index(settings, once=True)
    assert current(tmp_path / "built", "ztf") is None
    assert ("ztf", digest) not in announcements(cluster.config)
