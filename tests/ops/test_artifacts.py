"""What is fetched is what is pinned; what is in the cache is checked before it is run."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from ops import artifacts
from ops.artifacts import Artifact, check, fetch, jars, read_lock, unpacked
from ops.errors import FetchError
from ops.local_kafka import VERSION, LocalKafka

ROOT = Path(__file__).parents[2]
KAFKA = f"kafka-{VERSION}"


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository of Maven's on this machine, and no other within reach."""
    repository = tmp_path / "maven"
    repository.mkdir()
    settings = tmp_path / "jgo.conf"
    settings.write_text("[repositories]\nnowhere = http://127.0.0.1:1\n", encoding="utf-8")
    monkeypatch.setenv("M2_REPO", str(repository))
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    return repository


def archive(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def install(maven: Path, coordinates: str, content: bytes) -> Artifact:
    artifact = Artifact(coordinates, hashlib.sha256(content).hexdigest())
    group, name, _, _, version = artifact.parts
    path = maven.joinpath(*group.split("."), name, version, artifact.filename)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return artifact


@pytest.fixture
def copied_cache(tmp_path: Path) -> Path:
    """A cache with Kafka's real jars, which a test may spoil."""
    folder = tmp_path / "cache" / KAFKA
    folder.mkdir(parents=True)
    for jar in jars(KAFKA):
        (folder / jar.name).symlink_to(jar)
    return folder.parent


def test_coordinates_name_the_file() -> None:
    assert Artifact.parse("org.apache.kafka:kafka_2.13:jar:4.4.0 00").filename == "kafka_2.13-4.4.0.jar"
    assert Artifact.parse("io.apicurio:app:tar.gz:all:3.3.3 00").filename == "app-3.3.3-all.tar.gz"


def test_lock_holds_one_version_of_kafka_and_no_file_twice() -> None:
    pinned = read_lock(KAFKA)
    assert {artifact.parts[4] for artifact in pinned if artifact.parts[0] == "org.apache.kafka"} == {VERSION}
    assert {"kafka_2.13", "kafka-clients"} <= {artifact.parts[1] for artifact in pinned}
    assert len({artifact.filename for artifact in pinned}) == len(pinned)
    assert len({artifact.parts[:2] for artifact in pinned}) == len(pinned)


def test_jar_of_another_version_is_refused(copied_cache: Path) -> None:
    folder = copied_cache / KAFKA
    (folder / "kafka-clients-4.4.0.jar").rename(folder / "kafka-clients-3.9.1.jar")
    with (
        pytest.raises(FetchError, match=r"kafka-clients-4\.4\.0\.jar is missing; kafka-clients-3\.9\.1\.jar does not"),
        LocalKafka(cache=copied_cache),
    ):
        pass


def test_damaged_jar_is_refused(copied_cache: Path) -> None:
    damaged = copied_cache / KAFKA / "kafka-clients-4.4.0.jar"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.unlink()
    damaged.write_bytes(content)
    with pytest.raises(FetchError, match=r"kafka-clients-4\.4\.0\.jar is damaged.*Remove the folder"):
        jars(KAFKA, copied_cache)


def test_local_maven_repository_is_used_and_not_changed(maven: Path, tmp_path: Path) -> None:
    artifact = install(maven, "org.example:tool:jar:1.0", b"a jar")
    before = sorted(maven.rglob("*"))
    folder = tmp_path / "fresh"
    folder.mkdir()
    fetch([artifact], folder)
    check(folder, [artifact])
    assert sorted(maven.rglob("*")) == before


def test_unreachable_repository_is_named_and_leaves_no_half_made_folder(maven: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(FetchError, match=r"cannot fetch .*127\.0\.0\.1.*Maven Central"):
        jars(KAFKA, cache)
    assert not any(path.is_dir() for path in cache.iterdir())


def test_archive_is_unpacked(maven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = install(maven, "org.example:server:tar.gz:all:1.0", archive("bin/run.jar", b"content"))
    monkeypatch.setattr(artifacts, "read_lock", lambda _: [artifact])
    folder = unpacked("server-1.0", tmp_path / "cache")
    assert (folder / "bin" / "run.jar").read_bytes() == b"content"


def test_archive_that_writes_elsewhere_is_refused(maven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = install(maven, "org.example:server:tar.gz:all:1.0", archive("../../escaped", b"content"))
    monkeypatch.setattr(artifacts, "read_lock", lambda _: [artifact])
    with pytest.raises(tarfile.OutsideDestinationError):
        unpacked("server-1.0", tmp_path / "cache")
    assert not list(tmp_path.rglob("escaped"))


def test_other_archive_than_the_pinned_one_is_not_unpacked(
    maven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = install(maven, "org.example:server:tar.gz:all:1.0", archive("run.jar", b"content"))
    monkeypatch.setattr(artifacts, "read_lock", lambda _: [Artifact(installed.coordinates, "0" * 64)])
    with pytest.raises(FetchError, match="is damaged"):
        unpacked("server-1.0", tmp_path / "cache")
    assert not (tmp_path / "cache" / "server-1.0").exists()


def test_processes_that_start_at_once_fetch_once(maven: Path, tmp_path: Path) -> None:
    for jar, artifact in zip(jars(KAFKA), read_lock(KAFKA), strict=True):
        install(maven, artifact.coordinates, jar.read_bytes())
    program = (
        "import sys; from pathlib import Path; from ops.artifacts import jars; "
        f"print('found', len(jars({KAFKA!r}, Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cache")]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = [process.communicate(timeout=180)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert all(f"found {len(read_lock(KAFKA))}" in text for text in printed)
    assert sum("fetching" in text for text in printed) == 1
