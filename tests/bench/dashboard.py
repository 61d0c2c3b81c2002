"""What the dashboard costs: ``python -m tests.bench.dashboard [--seconds 20] [--only views|load]``.

views: a made-up mesh of 1,200 services and 4,300 call paths and a trace of 20,000 spans, in a real
Chromium: the time from opening the page to the whole picture, and each callback as the browser
sees it. load: a real collector with 100 simulated sidecars reporting, and the processor time it takes
with no dashboard open and with ten. The last line is JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from statistics import median
from typing import Any, Final

from playwright.sync_api import Browser, Page, Request, sync_playwright

from deploy import ports
from deploy.supervise import command
from tests.bench.process import cpu_seconds, running
from tests.bench.report import heading, say
from tests.bench.scale import mesh_yaml, worker
from tests.bench.scale_plan import Plan
from tests.browser.conftest import ARGS, CHROMIUM
from tests.collector.running import MAIN, free_port
from tests.support.fake_large import CALLS, SERVICES, LargeApi
from tests.support.fake_traces import BIG, TraceApi

_OPEN: Final = 10  # dashboards
_SIDECARS: Final = 100
_SPANS: Final = 20_000
_PATHS: Final = ("/", "/", "/?node=service-001", "/?node=service-002", "/balancing", "/balancing",
                 "/service/service-001", "/service/service-002", "/traces", "/traces")
_GRAPH: Final = f"() => window.cy && window.cy.nodes().length >= {SERVICES} && window.cy.scratch('_shown')"
_TRACE: Final = "() => document.querySelectorAll('#trace-rows [role=row]').length > 10"

Row = dict[str, Any]


@contextmanager
def dashboard(api: str) -> Iterator[tuple[str, int]]:
    """A dashboard over a query API: its URL and process id."""
    address = f"{ports.LOOPBACK}:{free_port()}"
    argv = [str(each) for each in command("dashboard", "--listen", address, "--api", api)]
    with running(argv, int(address.rpartition(":")[2])) as pid:
        yield f"http://{address}", pid


def views(browser: Browser, rounds: int, seconds: float) -> list[Row]:
    """First paint of the large graph and the large trace, and the callbacks of both."""
    rows = []
    for case, fake, path, whole in (
        (f"graph of {SERVICES} services, {CALLS} calls", LargeApi(), "/", _GRAPH),
        (f"trace of {_SPANS} spans", TraceApi(_SPANS), f"/traces/{BIG}", _TRACE),
    ):
        paints: list[float] = []
        took: dict[str, list[float]] = {}
        with fake as api, dashboard(api.url) as (url, _):
            for _ in range(rounds):
                page = browser.new_page(viewport={"width": 1600, "height": 1000})
                heard = _listening(page)
                began = time.monotonic()
                page.goto(url + path)
                page.wait_for_function(whole, timeout=180_000, polling=100)
                paints.append((time.monotonic() - began) * 1000)
                page.wait_for_timeout(seconds * 1000)
                for name, values in heard.items():
                    took.setdefault(name, []).extend(values)
                page.close()
        rows.append(_row(case, "first paint", paints))
        rows += [_row(case, f"callback {name}", values) for name, values in sorted(took.items())]
    return rows


def _listening(page: Page) -> Mapping[str, list[float]]:
    """Milliseconds from request to answer of every callback, by what it writes."""
    heard: dict[str, list[float]] = {}

    def answered(asked: Request) -> None:
        if "/_dash-update-component" not in asked.url:
            return
        written = str((asked.post_data_json or {}).get("output", "")).strip(".").split("...")[0]
        heard.setdefault(written, []).append(asked.timing["responseEnd"] - asked.timing["requestStart"])

    page.on("requestfinished", answered)
    return heard


def load(browser: Browser, seconds: float) -> list[Row]:
    """Cores the collector takes with no dashboard open and with ten."""
    with tempfile.TemporaryDirectory() as folder:
        config = f"{folder}/mesh.yaml"
        with open(config, "w", encoding="utf-8") as file:
            file.write(mesh_yaml(50, 10))
        grpc, query = free_port(), free_port()
        given = [f"grpc=127.0.0.1:{grpc}", f"http=127.0.0.1:{free_port()}", f"query=127.0.0.1:{query}",
                 f"data={folder}/data", f"config={config}"]
        with (
            running([sys.executable, "-c", MAIN, *given], query) as collector,
            dashboard(f"http://127.0.0.1:{query}") as (url, process),
        ):
            begin = time.monotonic() + 2
            end = begin + 3600
            reporting = worker(Plan(f"127.0.0.1:{grpc}", _SIDECARS, 1, 0, 50, 10, begin, end, 20.0))
            time.sleep(25)
            alone = _cores([collector, process], seconds)
            pages = [browser.new_page() for _ in range(_OPEN)]
            for page, path in zip(pages, _PATHS, strict=True):
                page.goto(url + path)
            time.sleep(8)
            watched = _cores([collector, process], seconds)
            for page in pages:
                page.close()
            reporting.kill()
            reporting.wait()
    return [
        {"case": f"{_SIDECARS} sidecars", "metric": f"CPU of the {name}", "unit": "cores",
         "none": round(none, 3), "ten": round(ten, 3)}
        for name, none, ten in zip(("collector", "dashboard"), alone, watched, strict=True)
    ]  # fmt: skip


def _cores(pids: list[int], seconds: float) -> list[float]:
    before, at = [cpu_seconds(pid) for pid in pids], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - at
    return [(cpu_seconds(pid) - one) / took for pid, one in zip(pids, before, strict=True)]


def _row(case: str, metric: str, values: list[float]) -> Row:
    ordered = sorted(values)
    return {"case": case, "metric": metric, "unit": "ms", "count": len(values),
            "p50": round(median(values), 1), "p95": round(ordered[ceil(0.95 * len(ordered)) - 1], 1),
            "max": round(ordered[-1], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement of load")
    parser.add_argument("--only", choices=("views", "load"), default="")
    asked = parser.parse_args()
    heading("python -m tests.bench.dashboard " + " ".join(sys.argv[1:]), "dash", "plotly", "playwright")
    rows: list[Row] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        if asked.only != "load":
            rows += views(browser, asked.rounds, 8.0)
        if asked.only != "views":
            rows += load(browser, asked.seconds)
        browser.close()
    for row in rows:
        told = ("case", "metric", "unit")
        figures = ", ".join(f"{key} {value}" for key, value in row.items() if key not in told)
        say(f"{row['case']:40} {row['metric']:44} {figures} {row['unit']}")
    say(json.dumps({"bench": "dashboard", "rows": rows}))


if __name__ == "__main__":
    main()
