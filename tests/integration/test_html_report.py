"""The report in a browser: it loads nothing, sorts and filters, by keyboard too, and lacks nothing for anyone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from consumers.annotate_files import MEASURES
from consumers.outputs.opening import open_outputs
from consumers.outputs.row import Picture, Row

MARKUP = "<img src=x onerror=alert(1)>"
CARDS = 40


@pytest.fixture(scope="module")
def browser(program: Callable[..., str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program("chromium"), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "night.html"
    rng = np.random.default_rng(3)
    pictures = [Picture(name, rng.integers(0, 255, (63, 63, 3), np.uint8)) for name in ("science", "reference")]
    with open_outputs([file], "A night", MEASURES) as (output,):
        for number in range(CARDS):
            classes = [{"classifier": "streak", "score": None if number % 2 else number / CARDS}]
            fields = {
                "file": f"{number}.avro", "objectId": MARKUP if number == 7 else f"object-{number}", "survey": "ztf",
                "epoch": {"score": (number * 7 % CARDS) / 10}, "classifications": classes,
            }  # fmt: skip
            output.add(Row(fields, lambda: [*pictures, Picture("difference", None)], marked=number % 10 == 0))
        output.add(Row({"file": MARKUP, "error": MARKUP}))
    return file


@pytest.fixture(params=[(390, "light"), (1440, "dark")])
def page(browser: Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The report, opened without a network; nothing may be complained of or asked for."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(dialog.message))
    opened.on("requestfailed", lambda asked: complaints.append(asked.url))
    opened.goto(report.as_uri())
    yield opened
    assert complaints == []
    context.close()


def headings(page: Page) -> list[str]:
    return page.locator(".card:not([hidden]) h2").all_text_contents()


def test_cards_are_sorted_and_filtered_by_keyboard(page: Page) -> None:
    scores = {f"object-{number}" if number != 7 else MARKUP: number * 7 % CARDS for number in range(CARDS)}
    assert headings(page) == sorted(scores, key=lambda name: -scores[name])
    page.keyboard.press("Tab")
    page.keyboard.press("s")  # of "streak": a browser that is slow would take later letters for new words
    streaks = headings(page)
    assert streaks[:3] == ["object-38", "object-36", "object-34"]
    assert len(streaks) == CARDS  # those without a score come last
    page.keyboard.press("Tab")
    page.keyboard.type("object-3")
    assert set(headings(page)) == {"object-3", *(f"object-{number}" for number in range(30, 40))}
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert headings(page) == ["object-30"]
    assert page.locator("#shown").text_content() == f"1 of {CARDS} shown"


def test_only_measures_that_somebody_has_can_be_sorted_by(page: Page) -> None:
    assert page.locator("#order option").all_text_contents() == ["epoch score", "streak"]


def test_pictures_are_seen_and_nothing_is_wider_than_the_window(page: Page) -> None:
    assert page.evaluate("[...document.images].every(image => image.naturalWidth === 63)")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator("img").count() == 2 * CARDS


def test_no_serious_barrier(page: Page) -> None:
    page.locator("summary").first.click()
    found = Axe().run(page).response["violations"]
    assert [one for one in found if one["impact"] in ("serious", "critical")] == []
