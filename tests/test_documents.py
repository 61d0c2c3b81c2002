"""The documents for users name what is really there: metrics, attributes, reasons, files."""

import ast
import re
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from collector.stats import COUNTERS, GAUGES
from proxy.contract import attributes
from proxy.contract.histogram import Histogram
from proxy.control.prometheus import METRICS, PREFIX
from proxy.errors import STATUS, Reason
from proxy.telemetry.meter import Series
from proxy.telemetry.metrics import Gauge, request
from tests.test_tree import tracked

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NAMES = {key: value for key, value in vars(attributes).items() if key.isupper() and isinstance(value, str)}


def rows(document: str) -> dict[str, list[str]]:
    """The cells of every table row by the code in its first cell."""
    found: dict[str, list[str]] = {}
    for line in (DOCS / document).read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            first, *rest = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            found[first.strip("`")] = rest
    return found


def codes(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def labels() -> dict[str, set[str]]:
    """The labels that the collector's sources give to each counter."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "collector").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="count"), args=[ast.Constant(value=str(name)), *_]):
                    found.setdefault(name, set()).update(each.arg or "" for each in node.keywords)
    return found


def test_metrics_of_the_collector_are_listed_as_they_are_exported() -> None:
    table, given = rows("metrics.md"), labels()
    for kind, metrics in (("counter", COUNTERS), ("gauge", GAUGES)):
        for name, text in metrics.items():
            assert table[name][0] == kind, name
            assert codes(table[name][2]) == given.get(name, set()), name
            assert table[name][3] == text


def test_metrics_of_the_sidecar_are_listed_as_they_are_exported() -> None:
    table = rows("metrics.md")
    for key, (kind, text) in METRICS.items():
        row = table[PREFIX + key + ("_total" if key == "refused" else "")]
        assert (row[0], row[3]) == (kind, text)


def test_metrics_on_the_wire_are_listed_with_type_and_unit() -> None:
    histograms = [
        name for key, name in NAMES.items() if key.endswith(("_DURATION", "_CONNECT", "_IO", "_SIZE"))
    ]
    counts = [name for key, name in NAMES.items() if key.endswith("_ACTIVE")]
    deltas = [(Series(name, {}), Histogram()) for name in histograms]
    gauges = [Gauge(attributes.OLDEST_AGE, 0.5, {}), *(Gauge(name, 1, {}) for name in counts)]
    message = ExportMetricsServiceRequest.FromString(request({}, deltas, gauges, 1, 1, 2))
    sent = {
        metric.name: (str(metric.WhichOneof("data")).removeprefix("exponential_"), metric.unit)
        for metric in message.resource_metrics[0].scope_metrics[0].metrics
    }
    table = rows("metrics.md")
    assert {name: (table[name][0], table[name][1]) for name in sent} == sent


def test_no_metric_is_listed_that_does_not_exist() -> None:
    own = {PREFIX + key + ("_total" if key == "refused" else "") for key in METRICS}
    assert set(rows("metrics.md")) <= own | set(COUNTERS) | set(GAUGES) | set(NAMES.values())


@pytest.mark.parametrize("name", sorted(set(NAMES.values()) - {""}))
def test_every_name_on_the_wires_is_explained(name: str) -> None:
    documents = ("headers-and-attributes.md", "metrics.md")
    assert any(f"`{name}`" in (DOCS / each).read_text(encoding="utf-8") for each in documents)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained_with_its_status(reason: Reason) -> None:
    assert rows("troubleshooting.md")[reason][0] == str(STATUS[reason])


def test_links_between_documents_lead_somewhere() -> None:
    lost = []
    for path in tracked("*.md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            file = target.partition("#")[0]
            if file and "://" not in target and not (path.parent / file).exists():
                lost.append(f"{path.relative_to(ROOT)}: {target}")
    assert lost == []


def sources() -> str:
    """All texts in the sources, with … for what is filled in."""
    found: list[str] = []
    for path in tracked("proxy/*.py", "topology/*.py", "collector/*.py", "deploy/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(parts))
    return "\n".join(found)


def test_error_texts_in_the_troubleshooting_are_those_of_the_product() -> None:
    document = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    tables = document.split("## It does not start")[1]
    quoted = {
        code for line in tables.splitlines() if line.startswith("|") for code in codes(line.split("|")[1])
    }
    texts = re.sub(r"%[sd]|%r", "…", sources())
    known = {"tcp", "user", "spanmesh_tick_seconds"}
    lost = [text for text in quoted - known for part in text.split("…") if part.strip() not in texts]
    assert lost == []
