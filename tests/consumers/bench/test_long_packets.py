from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from broker.annotator import Finding
from broker.reader import Reader
from consumers.assembly import open_surveys
from consumers.bench.long_packets import LENGTHS, _with_history, measure
from models.simulate import rubin
from models.simulate.stream import simulate
from schemas.source import FolderSource
from tests.broker.annotations import annotation_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from broker.annotator import Annotator


class StandIn:
    def annotate(self, packets: Sequence[Any], _: Sequence[Any]) -> list[Finding]:
        return [Finding(annotation_of(packet)) for packet in packets]


def test_a_packet_is_made_as_long_as_asked_and_measured(tmp_path: Path) -> None:
    reader = Reader(open_surveys(["lsst"]), FolderSource(rubin.save_schema(tmp_path / "schema").parent))
    (alert,) = simulate("lsst", 1)
    longer = reader.read(_with_history(reader.read(alert.packet), 7))
    spans = longer.framed.schema.spans(longer.framed.body)
    assert len(longer.framed.schema.decode(longer.framed.body, spans, "prvDiaSources")) == 7
    times = measure([alert.packet], reader, cast("Annotator", StandIn()))
    assert tuple(times) == LENGTHS
    assert min(times.values()) > 0


def test_a_survey_without_such_lists_is_not_measured() -> None:
    (alert,) = simulate("ztf", 1)
    assert measure([alert.packet], Reader(open_surveys(["ztf"])), cast("Annotator", StandIn())) == {}
