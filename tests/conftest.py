"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import redis_server as redis

# A crowded machine is slow; speed belongs in `sosia bench`.
settings.register_profile("sosia", deadline=None)
settings.load_profile("sosia")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real packets, images and weights, which lies beside the project and is not part of it.

    Without it a test is skipped, and fails where ``CI=true``: there, what was not run must not look passed.
    """
    if not SHARED_DATA.is_dir():
        missing = "needs the real data in ../shared/data, beside the project"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return SHARED_DATA


@pytest.fixture(scope="session")
def weights(shared_data: Path) -> Path:
    """ImageNet weights of EfficientNetV2-B0, top removed."""
    return shared_data / "weights" / "efficientnetv2b0_imagenet_notop.h5"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.RedisServer]:
    """A running Redis; tests keep apart by the names in their rows. Without the program, as above."""
    if shutil.which(redis.PROGRAM) is None:
        missing = f"needs the program {redis.PROGRAM} (Debian's package redis-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with redis.RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def program() -> Callable[..., str]:
    """Finds a program of this machine, ``program("promtool", "prometheus")``. Without it, as above."""

    def find(name: str, package: str | None = None) -> str:
        path = shutil.which(name)
        if path is not None:
            return path
        missing = f"needs the program {name} (Debian's package {package or name})"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)

    return find
