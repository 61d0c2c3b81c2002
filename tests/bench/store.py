"""``make bench-store``: bytes on disk and the time of a question, on a day of generated spans.

The corpus (``store_corpus``) is inserted through the real schema, so its views run too. Questions are
asked by one session with two threads, once to warm up and then ``--rounds`` times round about each
other; figures are medians with least and most. With ``--spans`` of several sizes it says how each grows.
The engine works in a directory of its own that is deleted at the end.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from collector.clickhouse.database import Database
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate
from collector.query.traces import SPANS, UNLIMITED
from tests.bench import report, store_corpus

PER_TRACE = 12.39  # spans, on average
JAEGER_BYTES = 75.7  # Jaeger on ClickHouse, 10 million spans, as published
TARGETS = {
    "bytes on disk": 40.0, "trace by id": 20.0, "service, operation, duration": 100.0,
    "attribute = value, any service": 300.0, "regular expression": 1000.0, "slowest 20 of the day": 200.0,
}  # fmt: skip
DAY = "Timestamp >= '2026-01-15 00:00:00' AND Timestamp < '2026-01-16 00:10:00'"
QUESTIONS = {
    "trace by id": SPANS,
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


def measure(spans: int, rounds: int, final: bool) -> Figures:
    """Figures by case for a day of about ``spans`` spans."""
    with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
        store = EmbeddedStore(Path(folder))
        session = store.connect({"max_threads": 2, "log_queries": 0})
        migrate(session, 3650)
        store_corpus.prepare(session)
        began = time.monotonic()
        store_corpus.fill(session, round(spans / PER_TRACE))
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
        "SELECT uniq(ServiceName), uniq(ServiceName, SpanName) FROM mesh_operations"
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
    ids = [row[0] for row in session.query(
        "SELECT TraceId FROM otel_traces_trace_id_ts ORDER BY cityHash64(TraceId) LIMIT {n:UInt32}",
        {"n": rounds + 1},
    )]  # fmt: skip
    ((service, name),) = session.query(
        "SELECT ServiceName, SpanName FROM mesh_operations WHERE SpanKind = 'Server' "
        "GROUP BY ALL ORDER BY sum(Spans) DESC LIMIT 1 OFFSET 5"
    )
    fixed = {"service": service, "name": name, "user": "user-1648"}
    for number in range(rounds + 1):
        for case, sql in QUESTIONS.items():
            began = time.perf_counter()
            session.query(sql, {"ids": [ids[number]], "limit": UNLIMITED, **fixed})
            if number:
                figures[case].append(1e3 * (time.perf_counter() - began))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--final", action="store_true", help="merge everything before asking")
    options = parser.parse_args()
    given = " ".join(sys.argv[1:])
    report.heading(f"make bench-store ARGS='{given}'", "chdb-core", "clickhouse-driver")
    rows = []
    before: Figures = {}
    for spans in options.spans:
        found = measure(spans, options.rounds, options.final)
        for case, values in found.items():
            unit = "B" if case.startswith("bytes") else "ms"
            target = TARGETS.get(case)
            peer, name = ([target], "target") if target else (values, "itself")
            rows.append(report.compare(
                f"{spans / 1e6:g} million spans", case, unit, values, peer, name, 1.0 if target else None,
            ))  # fmt: skip
            if case in before:
                report.say(f"#   grew {median(values) / median(before[case]):.2f} times")
        before = found
    if importlib.util.find_spec("tests.bench.store_ingest"):
        subprocess.run([sys.executable, "-m", "tests.bench.store_ingest", "3", "300000"], check=False)
    report.finish("store", rows)


if __name__ == "__main__":
    main()
