from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.bench import making
from consumers.bench.load import Load
from consumers.bench.making import ManyAlerts
from models.simulate.stream import simulate

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_processes_make_the_alerts_that_one_alone_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_PART", 2)
    templates = [alert.packet for alert in simulate("ztf", 3)]
    alone = list(Load(templates, None).alerts(5, first=7))
    many = ManyAlerts(templates, None, tmp_path / "load")
    assert list(many.alerts(5, first=7)) == alone
    assert list(many.alerts(2, first=7)) == alone[:2]
