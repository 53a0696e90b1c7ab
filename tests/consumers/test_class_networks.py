from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from consumers.class_networks import open_classifiers
from consumers.settings import ClassifierSettings


def test_only_what_is_configured_is_opened() -> None:
    assert open_classifiers(ClassifierSettings(networks=())).names == ()
    assert open_classifiers(ClassifierSettings(networks=("merger", "streak"))).names == ("merger", "streak")


def test_a_class_whose_network_is_not_that_of_the_calibration_is_not_routed(monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_logs() as logs:
        open_classifiers(ClassifierSettings(networks=("merger",)))
    assert not logs
    monkeypatch.setattr("models.merger_finder.THRESHOLD", 0.987)
    with capture_logs() as logs:
        open_classifiers(ClassifierSettings(networks=("merger",)))
    (entry,) = logs
    assert entry["log_level"] == "warning"
    assert entry["classifier"] == "merger"
    assert "--calibrate" in entry["mend"]
