"""Prints the tables of the experiments, and as the last line one JSON object."""

import argparse
import json
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tests.bench.feedback.plots import bars
from tests.bench.report import heading, say
from tests.sim.experiments import tables

_NAMES: Final = ("published", "fleet", "scenarios", "antagonists")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=_NAMES, action="append", help="an experiment; may be repeated")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--scale", type=float, default=0.5, help="of the length of the antagonists' runs")
    parser.add_argument("--out", type=Path, help="folder for pictures of the scenarios")
    options = parser.parse_args()
    heading("make bench-simulation", "protobuf")
    found: dict[str, list[dict[str, str]]] = {}
    for name, (columns, rows) in tables(options.seeds, options.scale).items():
        if options.only and name not in options.only:
            continue
        started = time.monotonic()
        say(f"\n## {name}\n\n| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
        found[name] = []
        for row in rows():
            say("| " + " | ".join(row) + " |")
            found[name].append(dict(zip(columns, row, strict=True)))
        if options.out and name == "scenarios":
            options.out.mkdir(parents=True, exist_ok=True)
            draw(found[name], options.out)
        say(f"\n{time.monotonic() - started:.0f} s")
    say(json.dumps({"bench": "simulation", "rows": found}))


def draw(rows: Iterable[Mapping[str, str]], folder: Path) -> None:
    """A picture of bad requests for every scenario."""
    cases: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        found = [float(number) for number in re.findall(r"[0-9.]+", row["bad"])]
        cases.setdefault(row["scenario"], {})[row["arm"]] = found
    for case, arms in cases.items():
        plain = re.sub(r"[^A-Za-z0-9]+", "-", case).strip("-")
        (folder / f"simulated-{plain}.svg").write_text(bars(f"{case} (simulated)", arms), encoding="utf-8")


if __name__ == "__main__":
    main()
