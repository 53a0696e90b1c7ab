"""The page in a browser, over a real Kafka with 10,000 alerts, of which the newest have their packets."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from confluent_kafka import Producer
from playwright.sync_api import Browser, Page, sync_playwright

from broker.annotator import Finding
from broker.embedding_record import embedding_record
from broker.novelty.build import build
from broker.novelty.recipe import Recipe
from broker.novelty.sighting import REFERENCE, SCIENCE, Population
from broker.output import Splicer, scores
from broker.reader import Reader
from broker.surveys.ztf import Ztf
from consumers import names
from consumers.page.serve import open_page
from consumers.page.views import VIEWS
from consumers.settings import Settings
from models.simulate.stream import simulate
from ops.local_kafka import LocalKafka
from schemas.own import pack
from tests.broker.annotations import annotation_of
from tests.broker.novelty.rows import DIGEST, FEATURES, sightings
from tests.consumers.client.annotations import annotation, classification, judged, novelty
from tests.integration.workers import WITHIN, wait_until

ALERTS, WITH_PACKETS = 10_000, 4
MARKUP = "<img src=x onerror=alert(1)>"
WIDTHS = (390, 1440)


@pytest.fixture(scope="module")
def night() -> Iterator[LocalKafka]:
    """A Kafka of its own, since the page shows all that there is."""
    with LocalKafka() as kafka:
        kafka.create_topics({names.scores("ztf"): 2, names.annotated("ztf"): 2, names.EMBEDDINGS: 2})
        producer = Producer({"bootstrap.servers": kafka.bootstrap, "queue.buffering.max.messages": 2 * ALERTS})

        def publish(topic: str, value: bytes, key: str, origin: str) -> None:
            producer.produce(topic, value, key=key, headers={names.ORIGIN_HEADER: origin.encode()})
            producer.poll(0)

        for number in range(ALERTS - WITH_PACKETS):
            record = annotation(
                number, object_id=MARKUP if number == ALERTS - 10 else f"ZTF{number % 400:05d}", ra=number % 360,
                dec=number % 90, mjd=61365 + number / 5000, epoch=judged(number % 24 / 20),
                classifications=[classification(name, number % 100 / 99) for name in ("streak", "lens", "merger")],
                novelty=[novelty(number % 1000 / 2000, str(number - 1))],
            )  # fmt: skip
            publish(names.scores("ztf"), pack("annotation", record), record["objectId"], f"ztf/0/{number}")
        assert producer.flush(WITHIN) == 0
        for number, simulated in enumerate(simulate("ztf", WITH_PACKETS, seed=3)):
            packet = Reader([Ztf()]).read(simulated.packet)
            found = replace(annotation_of(packet, DIGEST), mjd=61367.5 + number)
            key, origin = packet.object_id, f"ztf/1/{number}"
            publish(names.annotated("ztf"), Splicer().annotated(packet, found), key, origin)
            publish(names.scores("ztf"), scores(found), key, origin)
            here = np.full(FEATURES, number, np.float16)
            for image in (REFERENCE, SCIENCE):
                row = embedding_record(Finding(found, here, reference_embedding=-here), image=image)
                publish(names.EMBEDDINGS, row or b"", key, origin)
        assert producer.flush(WITHIN) == 0
        yield kafka


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of both of ZTF's bands."""
    root = tmp_path_factory.mktemp("index")
    build([one for band in "gr" for one in sightings(20, population=Population("ztf", band))], root, Recipe(axes=4))
    return root


@pytest.fixture(scope="module")
def address(night: LocalKafka, index: Path) -> Iterator[str]:
    """Where the page is, once it has read everything."""
    settings = Settings(kafka={"bootstrap_servers": night.bootstrap})
    with open_page(settings, [], ALERTS, index=index) as app, socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        page = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        wait_until(lambda: server.started)
        wait_until(lambda: json.loads(get(f"{page}api/alerts"))["received"] == ALERTS)
        yield page
        server.should_exit = True
        thread.join(WITHIN)


@pytest.fixture(scope="module")
def browser(program: Callable[..., str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program("chromium"), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the page at a width; at the end the browser's console must have held no error."""
    complaints: list[str] = []
    contexts = []

    def opened(query: str = "", width: int = 1440) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, accept_downloads=True)
        context.set_default_timeout(WITHIN * 1e3)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
        page.goto(address + query)
        page.wait_for_selector("#alerts li")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=WITHIN) as answer:
        return bytes(answer.read())


@pytest.mark.parametrize("width", WIDTHS)
def test_every_view_shows_its_alerts_and_fits_the_screen(visit: Callable[..., Page], width: int) -> None:
    page = visit(width=width)
    for name, view in VIEWS.items():
        page.click(f"#views a[href*='view={name}']")
        page.wait_for_function("heading => document.getElementById('found').textContent === heading", arg=view.heading)
        page.wait_for_selector("#alerts a .facts")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("#sky circle").count() > 0


def test_it_goes_by_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit()
    page.keyboard.press("2")
    page.wait_for_url("**/?view=flagged")
    page.wait_for_selector("#alerts li.flagged a")
    page.keyboard.press("/")
    page.keyboard.type("mjd > 61367.1")
    page.wait_for_function("() => document.querySelectorAll('#alerts a').length === 4")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] dl")
    page.wait_for_url("**open=*")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="hidden")
    page.wait_for_url(lambda url: "open=" not in url)


def test_a_filter_survives_in_the_address_and_a_wrong_one_is_explained(visit: Callable[..., Page]) -> None:
    page = visit(f"?view=flagged&where={quote('mjd > 61367.1')}")
    assert page.input_value("#where") == "mjd > 61367.1"
    assert page.locator("#alerts a").count() == WITH_PACKETS
    page.fill("#where", "mjd > noon")
    page.wait_for_function("() => document.getElementById('where-error').textContent.includes('noon')")
    page.reload()
    assert page.input_value("#where") == "mjd > noon"


def test_an_alert_has_its_images_its_epochs_and_its_look_alikes(visit: Callable[..., Page], address: str) -> None:
    page = visit(f"?open={quote('ztf/1/2', safe='')}")
    page.wait_for_function("() => document.querySelector('dialog img.triplet')?.naturalWidth === 384")
    assert page.locator("dialog svg.history rect.flagged.here").count() == 1
    page = visit(f"?open={quote('ztf/0/9950', safe='')}")
    page.wait_for_selector("dialog svg.history")
    assert page.locator("dialog svg.history rect, dialog svg.history circle").count() == ALERTS // 400
    assert page.locator("dialog a", has_text="9949").count() == 1
    packet = get(f"{address}packet?origin={quote('ztf/1/2')}")
    assert Reader([Ztf()]).read(packet).object_id.startswith("SIM")


def test_an_alert_has_its_look_alikes_in_the_index(visit: Callable[..., Page], address: str) -> None:
    page = visit(f"?open={quote('ztf/1/2', safe='')}")
    page.wait_for_selector("#look-alikes .tiles li")
    found = json.loads(get(f"{address}api/look-alikes?origin={quote('ztf/1/2')}"))["lookAlikes"]
    assert page.locator("#look-alikes .tiles li").count() == len(found) > 5
    distances = [one["distance"] for one in found]
    assert distances == sorted(distances)
    assert found[0]["objectId"] in page.locator("#look-alikes .tiles li").first.inner_text()
    page = visit(f"?open={quote('ztf/0/9950', safe='')}")
    page.wait_for_selector("#look-alikes .note")
    assert "no embedding of this alert" in page.locator("#look-alikes").inner_text()


def test_text_from_packets_is_never_markup(visit: Callable[..., Page], address: str) -> None:
    page = visit(f"?where={quote(chr(34) + 'onerror' + chr(34) + ' in objectId')}")
    assert page.locator("#alerts .name").all_inner_texts() == [f"ztf {MARKUP} g"]
    assert page.locator("img[src='x']").count() == 0
    summary = get(f"{address}summary.html?where={quote('mjd > 61366.9')}").decode()
    assert "<img src=x" not in summary


def test_the_summary_needs_nothing_else(visit: Callable[..., Page], browser: Browser, tmp_path: Path) -> None:
    page = visit(f"?where={quote('mjd > 61367.1')}")
    with page.expect_download() as saved:
        page.click("#summary")
    file = tmp_path / "night.html"
    saved.value.save_as(file)
    offline = browser.new_context(offline=True).new_page()
    offline.set_default_timeout(WITHIN * 1e3)
    offline.goto(file.as_uri())
    assert offline.locator("figure img").count() == WITH_PACKETS
    assert offline.evaluate("[...document.images].every(image => image.naturalWidth === 384)")
    offline.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_serious_problem(visit: Callable[..., Page], width: int) -> None:
    for origin, shown in (
        ("", "#alerts a"),
        ("ztf/0/9950", "dialog svg.history"),
        ("ztf/1/2", "#look-alikes .tiles li"),
    ):
        page = visit(f"?open={quote(origin, safe='')}" if origin else "", width=width)
        page.wait_for_selector(shown)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_other_names_for_this_machine_are_refused(address: str) -> None:
    request = urllib.request.Request(address, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=WITHIN)
