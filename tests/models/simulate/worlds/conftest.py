"""A sample of each world, made once."""

from __future__ import annotations

import pytest

from models.simulate.worlds.alert_selected import alert_selected
from models.simulate.worlds.monitoring import monitoring
from models.simulate.worlds.observed import Observed


@pytest.fixture(scope="session")
def monitored() -> list[Observed]:
    return list(monitoring(80, seed=1))


@pytest.fixture(scope="session")
def alerted() -> list[Observed]:
    return list(alert_selected(600, seed=1))
