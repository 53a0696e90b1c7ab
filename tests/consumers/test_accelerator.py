"""The CPU never takes a GPU's place unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from structlog.testing import capture_logs

from consumers.accelerator import choose_device
from schemas.errors import BackboneError


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine whose GPU TensorFlow does not see."""
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])


def test_a_gpu_that_is_asked_for_and_not_seen_is_an_error() -> None:
    with pytest.raises(BackboneError, match=r"backbone\.device"):
        choose_device("gpu")


@pytest.mark.parametrize("present", [True, False])
def test_a_gpu_that_is_there_and_not_seen_is_told(tmp_path: Path, present: bool) -> None:
    driver = tmp_path / "nvidia0"
    if present:
        driver.touch()
    with capture_logs() as logs:
        choose_device("auto", driver)
    assert [entry["log_level"] for entry in logs] == ["warning"] * present
