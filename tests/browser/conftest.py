"""A real Chromium for tests of pages. ``page`` fails its test when the page's console has an error."""

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.support.dashboard import served
from tests.support.fake_api import FakeApi

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
ARTIFACTS = Path(__file__).parents[1] / "artifacts"
WIDTH, HEIGHT = 1280, 800

# Generous: the machine may be busy; a test that passes does not wait it out.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for this folder; every test has a context of its own.

    Not for the whole run: while it lives an event loop runs in this thread, and other tests
    start loops of their own.
    """
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium, or set CHROMIUM to another one")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[FakeApi]:
    """A query API with the shop in it, or what the module's ``make_api`` gives."""
    fake: FakeApi = getattr(request.module, "make_api", FakeApi)()
    with fake:
        yield fake


@pytest.fixture
def site(api: FakeApi, page: Page) -> Iterator[str]:
    """The URL of a dashboard over it."""
    with served(api.url, page) as url:
        yield url


@pytest.fixture
def traces(site: str) -> str:
    """The URL of its search."""
    return f"{site}/traces"


@pytest.fixture
def complaints() -> list[str]:
    """What the page complained of: errors in its console and requests that left this machine.

    A test that provokes failures empties it.
    """
    return []


@pytest.fixture
def page(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """A page of 1280 pixels in light colours that can reach this machine only."""
    context = chromium.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", timezone_id="Europe/Berlin"
    )
    context.set_default_timeout(20_000)
    opened = context.new_page()

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:")):
            complaints.append(f"asked {request.url}")

    opened.on("console", heard)
    opened.on("request", asked)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert not complaints


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a screenshot of a failed test's page under tests/artifacts, named after the test."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None and not page.is_closed():
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{re.sub('[^a-z0-9]+', '-', item.name.lower())[:80]}.png")
    return report
