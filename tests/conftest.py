"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
