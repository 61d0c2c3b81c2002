"""What the dashboard costs: ``python -m tests.bench.dashboard [--rounds 3] [--only views|load]``.

views: a made-up mesh of 1,200 services and 4,300 call paths and a trace of 20,000 spans, in a real
Chromium: the time from opening a page to all of it, each callback as the browser sees it, and the
processor time of browser and dashboard. load: a real collector with 100 simulated sidecars
reporting, and the cores it takes with no dashboard open and with ten. The last line is JSON.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, Request, sync_playwright
from playwright.sync_api import TimeoutError as TooLong

from dashboard.balancing.destinations import LISTED
from deploy.processes import ports
from deploy.processes.supervise import command
from tests.bench.process import cpu_seconds, cpu_seconds_below, running
from tests.bench.report import Row, compare, finish, heading, measure, say
from tests.bench.scale import mesh_yaml, worker
from tests.bench.scale_plan import Plan
from tests.browser.conftest import ARGS, CHROMIUM
from tests.collector.running import MAIN, free_port
from tests.support.fake_api import FakeApi
from tests.support.fake_large import CALLS, SERVICES, LargeApi
from tests.support.fake_traces import BIG, TraceApi

_LONGEST: Final = 60.0  # seconds a page may take, and about what all rounds of one may
_TICKS: Final = 5.0  # seconds a page is left open: two refreshes
_PAINT: Final = 3000.0  # ms, the target of the graph
_ANSWER: Final = 300.0  # ms, the target of callbacks
_OPEN: Final = 10  # dashboards
_SIDECARS: Final = 100
_SPANS: Final = 20_000
_PATHS: Final = (
    "/",
    "/",
    "/?node=service-001",
    "/?node=service-002",
    "/balancing",
    "/balancing",
    "/service/service-001",
    "/service/service-002",
    "/traces",
    "/traces",
)
_GRAPH: Final = f"() => window.cy && window.cy.nodes().length >= {SERVICES} && window.cy.scratch('_shown')"
_MANY: Final = "([what, count]) => document.querySelectorAll(what).length >= count"


@dataclass(frozen=True)
class View:
    """A page that is opened, and what the browser finds when all of it is there."""

    case: str
    api: FakeApi
    path: str
    whole: str
    given: Sequence[object] = ()


@dataclass
class Seen:
    """Milliseconds, a value for each round; of callbacks for each answer, by what they write."""

    paint: list[float] = field(default_factory=list)
    browser: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    answers: dict[str, list[float]] = field(default_factory=dict)


def all_views() -> list[View]:
    return [
        View(f"graph of {SERVICES} services, {CALLS} calls", LargeApi(), "/", _GRAPH),
        View(
            f"trace of {_SPANS} spans",
            TraceApi(_SPANS),
            f"/traces/{BIG}",
            _MANY,
            ("#trace-rows [role=row]", 11),
        ),
        View("search, 40 traces", FakeApi(), "/traces", _MANY, ("#found tbody tr", 40)),
        View(
            f"balancing of {SERVICES} services", LargeApi(), "/balancing", _MANY, ("#destinations li", LISTED)
        ),
        View("page of a service", FakeApi(), "/service/reviews", _MANY, ("#service-operations tbody tr", 2)),
    ]


@contextmanager
def dashboard(api: str) -> Iterator[tuple[str, int]]:
    """A dashboard over a query API: its URL and process id."""
    address = f"{ports.LOOPBACK}:{free_port()}"
    argv = [str(each) for each in command("dashboard", "--listen", address, "--api", api)]
    with running(argv, int(address.rpartition(":")[2])) as pid:
        yield f"http://{address}", pid


def measured(browser: Browser, view: View, rounds: int) -> list[Row]:
    """One page, opened ``rounds`` times or as often as ``_LONGEST`` allows."""
    seen, until = Seen(), time.monotonic() + _LONGEST
    with view.api as api, dashboard(api.url) as (url, pid):
        for _ in range(rounds):
            if not _opened(browser, view, url, pid, seen) or time.monotonic() > until:
                break
    if not seen.paint:
        say(f"{view.case}: not whole within {_LONGEST:.0f} s")
    target = _PAINT if isinstance(view.api, LargeApi) and view.path == "/" else None
    return [
        measure(view.case, "opened to whole", "ms", seen.paint, target),
        measure(view.case, "  CPU of the browser", "ms", seen.browser),
        measure(view.case, "  CPU of the dashboard", "ms", seen.server),
        *(
            measure(view.case, f"  answer {name}", "ms", values, _ANSWER)
            for name, values in sorted(seen.answers.items())
        ),
    ]


def _opened(browser: Browser, view: View, url: str, pid: int, seen: Seen) -> bool:
    """Open a page once; False when it did not become whole."""
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    heard = _listening(page)
    page.goto("about:blank")
    drawing, serving, began = cpu_seconds_below(), cpu_seconds(pid), time.monotonic()
    try:
        page.goto(url + view.path, timeout=_LONGEST * 1000)
        page.wait_for_function(view.whole, arg=list(view.given), timeout=_LONGEST * 1000, polling=50)
    except TooLong:
        return False
    finally:
        took = time.monotonic() - began
        answered = cpu_seconds(pid) - serving
        drawn = cpu_seconds_below() - drawing - answered
    seen.paint.append(took * 1000)
    seen.browser.append(drawn * 1000)
    seen.server.append(answered * 1000)
    page.wait_for_timeout(_TICKS * 1000)
    for name, values in heard.items():
        seen.answers.setdefault(name, []).extend(values)
    page.close()
    return True


def _listening(page: Page) -> Mapping[str, list[float]]:
    """Milliseconds from request to answer of every callback, by what it writes."""
    heard: dict[str, list[float]] = {}

    def answered(asked: Request) -> None:
        if "/_dash-update-component" not in asked.url:
            return
        written = str((asked.post_data_json or {}).get("output", "")).strip(".").split("...")[0]
        heard.setdefault(written.split("@")[0], []).append(
            asked.timing["responseEnd"] - asked.timing["requestStart"]
        )

    page.on("requestfinished", answered)
    return heard


def load(browser: Browser, seconds: float) -> list[Row]:
    """Cores the collector and the dashboard take with no page open and with ten."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mesh.yaml"
        config.write_text(mesh_yaml(50, 10), encoding="utf-8")
        grpc, query = free_port(), free_port()
        given = [
            f"grpc=127.0.0.1:{grpc}",
            f"http=127.0.0.1:{free_port()}",
            f"query=127.0.0.1:{query}",
            f"data={folder}/data",
            f"config={config}",
        ]
        with (
            running([sys.executable, "-c", MAIN, *given], query) as collector,
            dashboard(f"http://127.0.0.1:{query}") as (url, process),
        ):
            begin = time.monotonic() + 2
            reporting = worker(Plan(f"127.0.0.1:{grpc}", _SIDECARS, 1, 0, 50, 10, begin, begin + 3600, 20.0))
            try:
                time.sleep(20)
                alone = _cores([collector, process], seconds)
                watched = _watched(browser, url, [collector, process], seconds)
            finally:
                reporting.kill()
                reporting.wait()
    return [
        compare(f"{_SIDECARS} sidecars, ten open", f"CPU of the {name}", "cores", [ten], [none], "none open")
        for name, none, ten in zip(("collector", "dashboard"), alone, watched, strict=True)
    ]


def _watched(browser: Browser, url: str, pids: Sequence[int], seconds: float) -> list[float]:
    """The cores of processes while ten dashboards are open."""
    pages = [browser.new_page() for _ in range(_OPEN)]
    try:
        for page, path in zip(pages, _PATHS, strict=True):
            page.goto(url + path, timeout=_LONGEST * 1000, wait_until="commit")
        time.sleep(15)
        return _cores(pids, seconds)
    finally:
        for page in pages:
            page.close()


def _cores(pids: Sequence[int], seconds: float) -> list[float]:
    before, at = [cpu_seconds(pid) for pid in pids], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - at
    return [(cpu_seconds(pid) - one) / took for pid, one in zip(pids, before, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement of load")
    parser.add_argument("--only", choices=("views", "load"), default="")
    asked = parser.parse_args()
    heading("python -m tests.bench.dashboard " + " ".join(sys.argv[1:]), "dash", "plotly", "playwright")
    say(f"# load average before the run {os.getloadavg()[0]:.1f}: what shares the machine is in the figures")
    rows: list[Row] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        browser.new_page().close()
        for view in all_views() if asked.only != "load" else ():
            rows += measured(browser, view, asked.rounds)
        if asked.only != "views":
            rows += load(browser, asked.seconds)
        browser.close()
    finish("dashboard", rows)


if __name__ == "__main__":
    main()
