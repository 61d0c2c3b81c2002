"""Files to a real collector, and the traces back from its query API."""

import gzip
import json
import re
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from rich.console import Console

from deploy.api import ApiError
from deploy.importer import traces
from deploy.importer.config import ImportConfig
from proxy.contract.failure import ConfigError
from tests.collector.made import span, trace_request
from tests.collector.running import Collector, free_port, started, until

OLD = 1_500_000_000_000_000_000  # 2017
DAY = 86_400 * 1_000_000_000


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    running = started(tmp_path_factory.mktemp("store"), max_request_bytes=60_000)
    yield running
    running.end()


def run(collector: Collector, *files: Path, dry_run: bool = False, shift: bool = False) -> tuple[int, str]:
    """Return the exit status and the output."""
    text = StringIO()
    status = traces.run(
        files,
        ImportConfig(to=f"http://{collector.options['http']}", dry_run=dry_run, shift_to_now=shift),
        Console(file=text, soft_wrap=True),
    )
    return status, text.getvalue()


def stored(collector: Collector, trace: str) -> dict[str, Any]:
    """Wait for a trace in the query API and return it."""

    def look() -> Any:
        try:
            return collector.get(f"/api/traces/{trace}")["data"]
        except OSError:
            return None

    (found,) = until(look, f"trace {trace}")
    return dict(found)


def otlp(trace: int, service: str = "shop", when: int = 0, count: int = 1) -> dict[str, Any]:
    when = when or time.time_ns()
    times: dict[str, Any] = {"start_time_unix_nano": when, "end_time_unix_nano": when + 5000}
    spans = [span(name=f"GET /{number}", **times) for number in range(count)]
    request = MessageToDict(trace_request(spans, service))
    for each in request["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        each["traceId"], each["spanId"] = f"{trace:032x}", f"{id(each) & (1 << 64) - 1:016x}"
    return dict(request)


def written(path: Path, *documents: Any) -> Path:
    path.write_text("\n".join(json.dumps(document) for document in documents))
    return path


def test_lines_of_otlp_are_imported_and_found(collector: Collector, tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", otlp(0xA1), otlp(0xA2, "cart", count=3), {"resourceMetrics": []})
    status, text = run(collector, path)
    assert (status, text.splitlines()[-1].split("; ")[1]) == (0, "4 taken, 0 left out")
    assert text.startswith("4 spans of 2 traces and 2 services, 20")
    assert stored(collector, "a1")["processes"]["p1"]["serviceName"] == "shop"
    assert len(stored(collector, "a2")["spans"]) == 3


def test_what_the_query_api_gives_can_be_imported(collector: Collector, tmp_path: Path) -> None:
    written(tmp_path / "one", otlp(0xB1, count=2))
    run(collector, tmp_path / "one")
    first = stored(collector, "b1")
    download = json.dumps({"data": [first]}).replace("00000000000000b1", "00000000000000b2")
    packed = tmp_path / "download.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(json.loads(download), indent=2).encode()))
    assert run(collector, packed)[0] == 0
    second = stored(collector, "b2")
    for each in (first, second):
        for one in each["spans"]:
            one.pop("traceID")
    assert (second["spans"], second["processes"]) == (first["spans"], first["processes"])


def test_zipkin_lists_of_lists(collector: Collector, tmp_path: Path) -> None:
    now = time.time_ns() // 1000
    one = {
        "traceId": "c1",
        "id": "1",
        "name": "get",
        "timestamp": now,
        "duration": 10,
        "kind": "CLIENT",
        "localEndpoint": {"serviceName": "front"},
    }
    other = {**one, "kind": "SERVER", "shared": True, "localEndpoint": {"serviceName": "back"}}
    assert run(collector, written(tmp_path / "zipkin.json", [[one], [other]]))[0] == 0
    found = stored(collector, "c1")
    assert {process["serviceName"] for process in found["processes"].values()} == {"front", "back"}


def test_old_spans_are_told_and_can_be_moved(collector: Collector, tmp_path: Path) -> None:
    path = written(tmp_path / "old.jsonl", otlp(0xD1, when=OLD), otlp(0xD2, when=OLD + 60_000_000_000))
    status, text = run(collector, path)
    assert status == 1
    assert re.search(r"left out by the collector, the first of them: .*older than the store keeps", text)
    assert "2017-07-14 02:40:00Z to 2017-07-14 02:41:00Z; 0 taken, 2 left out" in text
    assert "move these with --shift-to-now" in text
    before = time.time_ns() // 1000
    assert run(collector, path, shift=True)[0] == 0
    first, second = (stored(collector, trace)["spans"][0]["startTime"] for trace in ("d1", "d2"))
    assert second - first == 60_000_000
    assert before - 10 <= second <= time.time_ns() // 1000


def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    console = Console(file=(text := StringIO()), soft_wrap=True)
    nowhere = f"http://127.0.0.1:{free_port()}"
    path = written(tmp_path / "x", otlp(1, when=OLD, count=2))
    assert traces.run([path, path], ImportConfig(to=nowhere, dry_run=True), console) == 0
    assert text.getvalue().startswith("4 spans of 1 trace and 1 service, 2017-07-14 02:40:00Z to")
    assert text.getvalue().endswith("; nothing was sent\n")


def test_bad_documents_are_named_and_the_others_imported(collector: Collector, tmp_path: Path) -> None:
    path = written(tmp_path / "mixed", otlp(0xE1), {"what": "is this"}, otlp(0xE2))
    with path.open("a") as file:
        file.write("\n{broken")
    status, text = run(collector, path)
    assert status == 1
    assert f"{path}:2: an object with the keys what is no trace: expected OTLP" in text
    assert f"{path}:4: column 2: not JSON" in text
    assert "2 taken, 0 left out" in text
    assert "2 documents could not be read" in text
    assert stored(collector, "e2")["spans"]


def test_spans_that_cannot_be_read_are_counted_beside_those_that_are_taken(
    collector: Collector, tmp_path: Path
) -> None:
    now = time.time_ns() // 1000
    good = {"traceId": "e3", "id": "1", "timestamp": now, "localEndpoint": {"serviceName": "a"}}
    path = written(tmp_path / "zipkin", [good, {"id": "2"}, good | {"id": "3"}], otlp(0xE4, when=OLD))
    status, text = run(collector, path)
    assert (status, text.splitlines()[-2].split("; ")[1]) == (1, "2 taken, 2 left out")
    assert f"{path}: left out, the first of them: [1]: traceId" in text
    assert "left out by the collector, the first of them: " in text
    assert run(collector, path, dry_run=True)[0] == 1


def test_requests_are_as_small_as_the_collector_wants(collector: Collector, tmp_path: Path) -> None:
    path = written(tmp_path / "many", otlp(0xF1, count=1500))
    assert run(collector, path)[0] == 0
    assert len(stored(collector, "f1")["spans"]) == 1500


def test_no_file_or_no_collector(tmp_path: Path) -> None:
    path = written(tmp_path / "x", otlp(1))
    console = Console(file=StringIO())
    with pytest.raises(ConfigError, match="No such file or directory; name a readable file"):
        traces.run([tmp_path / "none"], ImportConfig(dry_run=True), console)
    nowhere = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ApiError, match="start a collector with `spanmesh up`"):
        traces.run([path], ImportConfig(to=nowhere), console, sleep=lambda _: None)
