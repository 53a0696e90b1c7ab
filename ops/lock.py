"""Makes the lock file of Kafka's jars, for another version: ``python -m ops.lock 4.4.0 > ops/kafka-4.4.0.lock``."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

#: One small jar. With log4j in its place jgo takes log4j's managed versions for every jar, Kafka's own included.
LOGGING = "org.slf4j:slf4j-simple:1.7.36"
#: Kafka's pom names it, and Maven Central has it not.
ABSENT = ("org.apache.kafka", "kafka-tools-api")


def lock(version: str) -> list[str]:
    """Resolve a version of Kafka and return its lock's lines, sorted.

    Parameters
    ----------
    version : str
        Kafka's version, such as ``4.4.0``.
    """
    from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory() as downloads:
        context = MavenContext(repo_cache=Path(downloads), timeout=60)
        absent = [context.project(*ABSENT)]
        roots = [
            context.create_dependency(coordinates, absent)
            for coordinates in (f"org.apache.kafka:kafka_2.13:{version}", LOGGING)
        ]
        _, needed = context.resolver.resolve(roots)
        artifacts = [root.artifact for root in roots]
        artifacts += [dependency.artifact for dependency in needed if dependency.scope in ("compile", "runtime")]
        lines = []
        for artifact in artifacts:
            names = (artifact.groupId, artifact.artifactId, artifact.packaging, artifact.classifier, artifact.version)
            digest = hashlib.sha256(Path(artifact.resolve()).read_bytes()).hexdigest()
            lines.append(f"{':'.join(name for name in names if name)} {digest}")
        return sorted(lines)


if __name__ == "__main__":
    (wanted,) = sys.argv[1:]
    sys.stdout.write(f"# Apache Kafka {wanted}, made by ops/lock.py\n" + "".join(f"{line}\n" for line in lock(wanted)))
