from __future__ import annotations

from consumers.class_networks import open_classifiers
from consumers.settings import ClassifierSettings


def test_only_what_is_configured_is_opened() -> None:
    assert open_classifiers(ClassifierSettings(networks=())).names == ()
    assert open_classifiers(ClassifierSettings(networks=("merger", "streak"))).names == ("merger", "streak")
