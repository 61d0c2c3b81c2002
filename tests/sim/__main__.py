"""Prints the tables of the experiments, and as the last line one JSON object."""

import argparse
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tests.bench.feedback.plots import bars
from tests.bench.report import Row, finish, heading, say
from tests.sim.experiments import tables

# Columns that name a case; the others are figures.
_LABELS: Final = ("scenario", "fault", "load", "arm", "mesh")
_NAMES: Final = ("published", "fleet", "scenarios", "verdicts", "antagonists")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=_NAMES, action="append", help="an experiment; may be repeated")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--scale", type=float, default=0.5, help="of the length of the antagonists' runs")
    parser.add_argument("--out", type=Path, help="folder for pictures of the scenarios")
    options = parser.parse_args()
    heading("make bench-simulation", "protobuf")
    figures: list[Row] = []
    for name, (columns, rows) in tables(options.seeds, options.scale).items():
        if options.only and name not in options.only:
            continue
        started = time.monotonic()
        say(f"\n## {name}\n\n| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
        found: list[dict[str, str]] = []
        for row in rows():
            say("| " + " | ".join(row) + " |")
            found.append(dict(zip(columns, row, strict=True)))
            figures += _figures(name, found[-1])
        if options.out and name == "scenarios":
            options.out.mkdir(parents=True, exist_ok=True)
            draw(found, options.out)
        say(f"\n{time.monotonic() - started:.0f} s")
    finish("simulation", figures)


def _figures(experiment: str, row: Mapping[str, str]) -> list[Row]:
    """Return a row of a table as figures: the worst of several seeds, with what was published beside it."""
    case = ", ".join([experiment, *(row[key] for key in _LABELS if row.get(key))])
    said = float(row["published %"]) if "published %" in row else None
    found = []
    for key, text in row.items():
        numbers = [float(each) for each in re.findall(r"[0-9.]+", text)]
        if key in (*_LABELS, "published %") or not numbers:
            continue
        metric, _, unit = key.rpartition(" ") if key.endswith(("ms", "%", " s")) else (key, "", "1")
        share = key.startswith(("success", "after"))  # where less is worse
        ours = min(numbers) if share else max(numbers)
        peer = said if key == "success %" else None
        ratio = round(ours / peer, 3) if peer else None
        name = "published" if peer is not None else ""
        found.append(Row(case, metric, unit, ours, peer, name, ratio, None, None))
    return found


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
