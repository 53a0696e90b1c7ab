from __future__ import annotations

import tomllib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from broker.packet import Packet
from broker.reader import Reader
from broker.surveys.rubin import Rubin
from broker.surveys.ztf import Ztf
from consumers.audit.audit import Audit, AuditRow
from consumers.configuration import load_settings
from consumers.contact_sheet import Section, save_contact_sheet
from consumers.demo.feed import FolderOfPackets, SimulatedNight
from consumers.demo.page import save_page
from consumers.demo.picture import save_picture
from consumers.demo.results import FARTHEST, NEAREST, Results, SurveyResult
from consumers.demo.summary import tables
from consumers.demo.worker_process import write_config
from models.simulate.stream import simulate
from schemas.errors import ConfigurationError


def an_audit(received: int, annotated: int, dead: int = 0) -> Audit:
    return Audit((AuditRow("demo.ztf", 0, received, annotated, dead, 0, 0, {}, received - 1),))


@pytest.fixture(scope="module")
def alerts() -> list[tuple[Packet, dict[str, object]]]:
    reader = Reader([Ztf(), Rubin()])
    packets = [reader.read(alert.packet) for alert in simulate("ztf", 24)]
    return [
        (
            packet,
            {"epoch": {"referenceDistance": float(n), "reason": None, "problematic": n == 3}, "classifications": []},
        )
        for n, packet in enumerate(packets)
    ]


@pytest.fixture
def results(alerts: list[tuple[Packet, dict[str, object]]]) -> Callable[..., Results]:
    def make(**fields: object) -> Results:
        survey = SurveyResult()
        for packet, annotation in alerts:
            survey.add(packet, annotation)
        truths = {("ztf", alert.truth.epoch_id): alert.truth for alert in simulate("ztf", 24)}
        return Results(
            **{
                "title": "a simulated night",
                "published": {"ztf": 24},
                "surveys": {"ztf": survey},
                "dead": 0,
                "audit": an_audit(24, 24),
                "backbones": {"efficientnetv2-b0": "ab" * 32},
                "rate": 30.0,
                "truths": truths,
                **fields,
            }
        )

    return make


def test_the_night_is_split_between_the_surveys_and_its_truth_is_kept(tmp_path: Path) -> None:
    night = SimulatedNight(10, ("ztf", "lsst"), tmp_path)
    assert night.counts == {"ztf": 7, "lsst": 3}
    published = [packet for survey in night.counts for _, packet in night.packets(survey)]
    assert len(published) == len(night.truths) == 10
    assert [path.name for path in night.schemas.iterdir()] == ["lsst.v10_0.alert.avsc"]


@pytest.mark.parametrize(("survey", "alerts"), [("ztf", 1), ("lsst", 3)])
def test_a_night_of_one_survey(survey: str, alerts: int, tmp_path: Path) -> None:
    night = SimulatedNight(alerts, (survey,), tmp_path)
    assert night.counts == {survey: alerts}
    assert len(list(night.packets(survey))) == alerts


def test_files_are_told_apart_by_their_content(tmp_path: Path) -> None:
    night = SimulatedNight(6, ("ztf", "lsst"), tmp_path / "deep")
    for survey in night.counts:
        for number, (_, packet) in enumerate(night.packets(survey)):
            (tmp_path / "deep" / f"{number}-{survey}.avro").write_bytes(packet)
    (tmp_path / "deep" / "notes.txt").write_bytes(b"no packet")
    (tmp_path / "deep" / "damaged.avro").write_bytes(b"?")
    feed = FolderOfPackets(tmp_path, ("ztf", "lsst"))
    assert feed.counts == {"ztf": 5, "lsst": 2}
    assert feed.schemas == tmp_path / "deep" / "schema"
    assert FolderOfPackets(tmp_path, ("lsst",)).counts == {"lsst": 2}


def test_wire_packets_without_schemas_are_refused_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "one.avro").write_bytes(b"\0\0\0\3\xe8")
    with pytest.raises(ConfigurationError, match=r"lsst\.vMAJOR_MINOR\.alert\.avsc"):
        FolderOfPackets(tmp_path, ("ztf", "lsst"))


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_a_folder_without_packets_is_refused(folder: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="--input"):
        FolderOfPackets(tmp_path / folder, ("ztf", "lsst"))


def test_the_worker_gets_a_configuration_that_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOSIA_BACKBONE__WEIGHTS", 'odd "name".h5')
    path = tmp_path / "worker.toml"
    write_config(
        path,
        load_settings(),
        bootstrap="127.0.0.1:9",
        topics={"ztf": "demo.ztf", "lsst": "demo.lsst"},
        schemas=tmp_path,
        metrics_port=7,
        batch_size=5,
    )
    monkeypatch.delenv("SOSIA_BACKBONE__WEIGHTS")
    loaded = load_settings(path)
    assert loaded.backbone.weights == Path('odd "name".h5').resolve()
    assert loaded.kafka.bootstrap_servers == "127.0.0.1:9"
    assert [one.topics for one in loaded.input.surveys] == [("demo.ztf",), ("demo.lsst",)]
    assert loaded.registry.schemas == tmp_path
    assert tomllib.loads(path.read_text())["metrics"] == {"port": 7}


def test_the_farthest_and_the_nearest_are_kept_in_order(results: Callable[..., Results]) -> None:
    survey = results().surveys["ztf"]
    assert [shown.value for shown in survey.farthest] == [float(23 - n) for n in range(FARTHEST)]
    assert [shown.value for shown in survey.nearest] == [float(n) for n in range(NEAREST)]
    assert survey.median == 11.5


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"published": {"ztf": 25}}, "25 published, but 24 annotated"),
        ({"dead": 1}, "24 annotated and 1 dead"),
        ({"audit": an_audit(23, 23)}, "23 in the input topics"),
        ({"audit": an_audit(24, 22)}, "not in balance"),
        ({"audit": Audit(an_audit(24, 24).rows, ("an origin came out twice",))}, "twice"),
    ],
)
def test_counts_that_do_not_add_up_are_problems(
    fields: dict[str, object], problem: str, results: Callable[..., Results]
) -> None:
    assert results().problems == []
    assert problem in " ".join(results(**fields).problems)


def test_truths_are_grouped_with_their_distances(results: Callable[..., Results]) -> None:
    made = results()
    assert sum(row.count for row in made.simulated) == 24
    assert {row.good for row in made.simulated} == {True, False}
    assert all(row.median is not None for row in made.simulated)
    assert sum(row.flagged for row in made.simulated) == len(made.surveys["ztf"].flagged) == 1


def test_what_was_found_missed_and_mistaken_is_told_by_class(tmp_path: Path) -> None:
    night = list(simulate("ztf", 20, seed=1, rare=0.2))
    reader, survey = Reader([Ztf()]), SurveyResult()
    trails = [alert for alert in night if alert.truth.rare == "streak"]
    for alert in night:
        score = None if alert is trails[1] else 0.99 if alert in (trails[0], night[0]) else 0.1
        entries = [{"classifier": "streak", "score": score}, {"classifier": "router.streak", "score": 1.0}]
        annotation = {
            "epoch": {"referenceDistance": 1.0, "reason": None, "problematic": None},
            "classifications": entries,
        }
        survey.add(reader.read(alert.packet), annotation, alert.truth)
    assert night[0].truth.rare is None
    truths = {("ztf", alert.truth.epoch_id): alert.truth for alert in night}
    made = Results("a simulated night", {"ztf": 20}, {"ztf": survey}, 0, an_audit(20, 20), {"b": "0"}, None, truths)
    (row,) = made.rare
    assert (row.judged, row.candidates, row.true, row.found) == (19, 2, 4, 1)
    assert sum(row.others.values()) == 1
    told, mistaken = (table for table in tables(made) if table.title.startswith(("Rare", "What")))
    assert told.rows[0][-3:] == ("1", "3", "1")
    assert str(night[0].truth.kind) in mistaken.rows[0][2]
    picture, page = tmp_path / "a.png", tmp_path / "a.html"
    save_picture(picture, made)
    save_page(page, made, picture)
    assert "What was mistaken for one" in page.read_text()
    assert len(survey.classes["streak"].missed) == 3


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_is_whole_and_escapes_what_came_with_packets(results: Callable[..., Results], tmp_path: Path) -> None:
    attack = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    made = results(title=attack, backbones={attack: attack}, audit=Audit(an_audit(24, 24).rows, (attack,)))
    made.surveys["ztf"].unscored[attack] = 1
    picture, page = tmp_path / "a.png", tmp_path / "a.html"
    save_contact_sheet(picture, "x", [Section("x", [])])
    save_page(page, made, picture)
    tags = Tags()
    tags.feed(page.read_text())
    assert "script" not in [tag for tag, _ in tags.seen]
    (image,) = [attributes for tag, attributes in tags.seen if tag == "img"]
    assert (image["src"] or "").startswith("data:image/png;base64,")
    assert not [attributes for _, attributes in tags.seen if "onerror" in attributes or "href" in attributes]


def test_untrained_weights_are_said_loudly_on_page_and_picture(results: Callable[..., Results], tmp_path: Path) -> None:
    picture, page = tmp_path / "a.png", tmp_path / "a.html"
    for made, loud in ((results(), False), (results(backbones={"efficientnetv2-b0-untrained": "0" * 64}), True)):
        save_picture(picture, made)
        save_page(page, made, picture)
        assert ("UNTRAINED" in page.read_text()) is loud
