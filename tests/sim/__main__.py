"""Prints the tables of the experiments, and as the last line one JSON object."""

import argparse
import json
import time
from typing import Final

from tests.bench.report import heading, say
from tests.sim.experiments import tables

_NAMES: Final = ("published", "fleet", "scenarios", "antagonists")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=_NAMES, action="append", help="an experiment; may be repeated")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--scale", type=float, default=0.5, help="of the length of the antagonists' runs")
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
        say(f"\n{time.monotonic() - started:.0f} s")
    say(json.dumps({"bench": "simulation", "rows": found}))


if __name__ == "__main__":
    main()
