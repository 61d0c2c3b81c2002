"""``make bench-store``: bytes on disk and the time of a question, on a day of generated spans.

The corpus (``store_corpus``) is inserted through the real schema, so its views run too. Questions are
asked by one session with two threads, once to warm up and then ``--rounds`` times round about each
other; figures are medians with least and most. With ``--spans`` of several sizes it says how each grows.
The engine works in directories of its own that are deleted at the end; with ``--data FOLDER`` they stay
there, and what is there already is not made again. Last comes ingest beside rotel (``store_ingest``).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median

from collector.clickhouse.database import Database
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate
from collector.query.search import spans_by_id
from collector.query.search.span_row import COLUMNS
from tests.bench import report, store_corpus

PER_TRACE = 12.39  # spans, on average
JAEGER_BYTES = 75.7  # Jaeger on ClickHouse, 10 million spans, as published
BY_ID = "trace by id"
TARGETS = {
    "bytes on disk": 40.0,
    BY_ID: 20.0,
    "service, operation, duration": 100.0,
    "attribute = value, any service": 300.0,
    "regular expression": 1000.0,
    "slowest 20 of the day": 200.0,
}
DAY = "Timestamp >= '2026-01-15 00:00:00' AND Timestamp < '2026-01-16 00:10:00'"
QUESTIONS = {
    "service, operation, duration": f"""
        SELECT TraceId, min(Timestamp) AS first FROM otel_traces
        WHERE ServiceName = {{service:String}} AND SpanName = {{name:String}} AND {DAY}
        AND Duration >= 50000000 GROUP BY TraceId ORDER BY first DESC, TraceId LIMIT 20""",
    "attribute = value, any service": f"""
        SELECT TraceId, min(Timestamp) AS first FROM otel_traces
        WHERE {DAY} AND SpanAttributes['enduser.id'] = {{user:String}}
        GROUP BY TraceId ORDER BY first DESC, TraceId LIMIT 20""",
    "regular expression": f"""
        SELECT TraceId, min(Timestamp) AS first FROM otel_traces
        WHERE {DAY} AND match(SpanAttributes['url.full'], '/api/(carts|offers)/[0-9]*77$')
        GROUP BY TraceId ORDER BY first DESC, TraceId LIMIT 20""",
    "slowest 20 of the day": """
        SELECT TraceId, max(End) - min(Start) AS took FROM mesh_trace_summaries
        WHERE Start >= '2026-01-15 00:00:00' AND Start < '2026-01-16 00:10:00'
        GROUP BY TraceId ORDER BY took DESC, TraceId LIMIT 20""",
}
Figures = dict[str, list[float]]
INGEST = ("3", "300000")  # rounds, spans of each


def measure(folder: Path, spans: int, rounds: int, final: bool) -> Figures:
    """Figures by case for a day of about ``spans`` spans, kept in ``folder``."""
    made = folder.exists()
    store = EmbeddedStore(folder)
    session = store.connect({"max_threads": 2, "log_queries": 0})
    migrate(session, 3650)
    if not made:
        store_corpus.prepare(session)
        began = time.monotonic()
        traces = round(spans / PER_TRACE)
        store_corpus.fill(session, traces, chunk=max(1000, traces // 16))
        report.say(f"# {spans} spans made and inserted in {time.monotonic() - began:.0f} s")
    figures: Figures = defaultdict(list)
    _settle(session, final)
    _shape(session)
    _bytes(session, figures)
    _ask(session, rounds, figures)
    session.close()
    store.close()
    return figures


def _settle(session: Database, final: bool) -> None:
    """Let merges finish as they do in a store that is left alone for a while."""
    if final:
        for table in ("otel_traces", "mesh_trace_summaries", "otel_traces_trace_id_ts"):
            session.execute(f"OPTIMIZE TABLE {table} FINAL")
    while session.query("SELECT count() FROM system.merges")[0][0]:
        time.sleep(0.5)


def _shape(session: Database) -> None:
    ((spans, traces, attributes, resources, failed, parts),) = session.query(
        "SELECT count(), uniq(TraceId), avg(length(SpanAttributes)), avg(length(ResourceAttributes)), "
        "countIf(StatusCode = 'Error'), (SELECT count() FROM system.parts WHERE active "
        "AND table = 'otel_traces' AND database = currentDatabase()) FROM otel_traces"
    )
    ((middle, most),) = session.query(
        "SELECT quantile(0.5)(n), max(n) "
        "FROM (SELECT sum(Spans) AS n FROM mesh_trace_summaries GROUP BY TraceId)"
    )
    services, operations = session.query(
        "SELECT uniq(ServiceName), sum(names) "
        "FROM (SELECT ServiceName, length(groupUniqArrayMerge(4)(Names)) "
        "AS names FROM mesh_operations GROUP BY ServiceName, SpanKind, Place)"
    )[0]
    report.say(
        f"# {spans} spans in {traces} traces (median {middle:g}, largest {most}), {services} services, "
        f"{operations} operations, {attributes:.1f} attributes and {resources:.0f} of the resource a span, "
        f"{failed} failed; {parts} parts"
    )


def _bytes(session: Database, figures: Figures) -> None:
    rows = session.query(
        "SELECT table, sum(bytes_on_disk), sum(rows) FROM system.parts WHERE active "
        "AND database = currentDatabase() AND table != 'bench_nodes' GROUP BY table ORDER BY table"
    )
    sizes = {table: (size, count) for table, size, count in rows}
    spans = sizes["otel_traces"][1]
    figures["bytes on disk"].append(sizes["otel_traces"][0] / spans)
    figures["bytes on disk, all tables"].append(sum(size for size, _ in sizes.values()) / spans)
    per_table = ", ".join(f"{table} {size / spans:.2f}" for table, (size, _) in sizes.items())
    report.say(f"# bytes a span by table: {per_table}")
    columns = session.query(
        "SELECT column, sum(column_data_compressed_bytes) AS size FROM system.parts_columns "
        "WHERE active AND database = currentDatabase() AND table = 'otel_traces' "
        "GROUP BY column ORDER BY size DESC LIMIT 8"
    )
    report.say("# by column: " + ", ".join(f"{name} {size / spans:.2f}" for name, size in columns))


def _ask(session: Database, rounds: int, figures: Figures) -> None:
    ids = [
        row[0]
        for row in session.query(
            "SELECT TraceId FROM otel_traces_trace_id_ts ORDER BY cityHash64(TraceId) LIMIT {n:UInt32}",
            {"n": rounds + 1},
        )
    ]
    ((service, name),) = session.query(
        "SELECT ServiceName, groupUniqArrayMerge(4)(Names)[1] FROM mesh_operations WHERE SpanKind = 'Server' "
        "GROUP BY ServiceName, Place ORDER BY sum(Spans) DESC, ServiceName, Place LIMIT 1 OFFSET 5"
    )
    fixed = {"service": service, "name": name, "user": "user-1648"}
    asked: dict[str, Callable[[int], object]] = {
        case: lambda _, sql=sql: session.query(sql, fixed)  # type: ignore[misc]
        for case, sql in QUESTIONS.items()
    }
    asked[BY_ID] = lambda number: _trace(session, ids[number])
    processor: Figures = defaultdict(list)
    for number in range(rounds + 1):
        for case, ask in asked.items():
            began, spent = time.perf_counter(), time.process_time()
            ask(number)
            if number:
                figures[case].append(1e3 * (time.perf_counter() - began))
                processor[case].append(1e3 * (time.process_time() - spent))
    told = ", ".join(f"{case} {median(values):.0f} ({min(values):.0f})" for case, values in processor.items())
    report.say(f"# processor time in ms, median (least): {told}")


def _trace(session: Database, trace_id: str) -> object:
    extents = spans_by_id.extents([trace_id])
    found = session.query(extents.text, extents.parameters)
    query = spans_by_id.spans(COLUMNS, [trace_id], spans_by_id.UNLIMITED, found)
    return session.query(query.text, query.parameters) if query else None


def _ingest() -> list[dict[str, object]]:
    """The rows of ``store_ingest``, run on its own so that no engine of ours is beside it."""
    command = [sys.executable, "-m", "tests.bench.store_ingest", *INGEST]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        rows: list[dict[str, object]] = []
        for line in running.stdout:
            if line.startswith('{"bench"'):
                rows = json.loads(line)["rows"]
            else:
                report.say(line.rstrip())
    if running.returncode or not rows:
        raise SystemExit(f"store_ingest ended with status {running.returncode} and {len(rows)} rows")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--final", action="store_true", help="merge everything before asking")
    parser.add_argument("--data", type=Path, help="where stores are kept, one folder for each size")
    parser.add_argument("--only", choices=("store", "ingest"), help="one part")
    options = parser.parse_args()
    given = " ".join(sys.argv[1:])
    report.heading(f"make bench-store ARGS='{given}'", "chdb-core", "clickhouse-driver")
    rows: list[report.Row] = []
    if options.only != "ingest":
        with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
            rows = _sizes(options.data or Path(folder), options)
    ingest = _ingest() if options.only != "store" else []
    report.finish("store", rows, ingest)


def _sizes(data: Path, options: argparse.Namespace) -> list[report.Row]:
    rows: list[report.Row] = []
    before: Figures = {}
    for spans in options.spans:
        found = measure(data / str(spans), spans, options.rounds, options.final)
        size = f"{spans / 1e6:g} million spans"
        for case, values in found.items():
            unit = "B" if case.startswith("bytes") else "ms"
            if target := TARGETS.get(case):
                rows.append(report.compare(size, case, unit, values, [target], "target", 1.0))
            if case == "bytes on disk":
                rows.append(report.compare(size, case, unit, values, [JAEGER_BYTES], "Jaeger's"))
            if case in before:
                rows.append(report.compare(size, case, unit, values, before[case], "size before"))
        before = found
    return rows


if __name__ == "__main__":
    main()
