"""Rules of the tree that no linter knows: purity of the core, sizes, names, what must not be committed."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("proxy", "topology", "collector", "dashboard", "deploy")

# Logic that must stay free of I/O: clock, randomness and environment come in as arguments.
PURE = (
    "proxy/contract",
    "proxy/http1.py",
    "proxy/headers.py",
    "proxy/detect.py",
    "proxy/channel.py",
    "proxy/record_connection.py",
    "proxy/tracecontext.py",
    "proxy/router.py",
    "proxy/secrecy.py",
    "proxy/balancer.py",
    "proxy/breaker.py",
    "proxy/http1_response.py",
    "proxy/meter.py",
    "proxy/metrics.py",
    "proxy/otlp.py",
    "proxy/paths.py",
    "proxy/record.py",
    "proxy/reply.py",
    "proxy/retry.py",
    "proxy/rolling.py",
    "proxy/vitals.py",
    "topology/adoption.py",
    "topology/advice.py",
    "topology/blame.py",
    "topology/compare.py",
    "topology/connections.py",
    "topology/confirm.py",
    "topology/effect.py",
    "topology/ejection.py",
    "topology/elsewhere.py",
    "topology/engine.py",
    "topology/evidence.py",
    "topology/feedback.py",
    "topology/finding.py",
    "topology/fresh.py",
    "topology/graph.py",
    "topology/guard.py",
    "topology/intake.py",
    "topology/model.py",
    "topology/outliers.py",
    "topology/pairing.py",
    "topology/peers.py",
    "topology/policy.py",
    "topology/registry.py",
    "topology/pool.py",
    "topology/shared.py",
    "topology/snapshot.py",
    "topology/stages.py",
    "topology/stalls.py",
    "topology/traffic.py",
    "topology/weights.py",
    "topology/window.py",
    "topology/xds/catalog.py",
    "topology/xds/session.py",
    "collector/following.py",
    "collector/otlp",
    "collector/query/aggregate.py",
    "collector/query/blame.py",
    "collector/query/cursor.py",
    "collector/query/graphdiff.py",
    "collector/query/jaeger.py",
    "collector/query/listing.py",
    "collector/query/logs.py",
    "collector/query/params.py",
    "collector/query/params_tempo.py",
    "collector/query/params_listing.py",
    "collector/query/params_v3.py",
    "collector/query/sample.py",
    "collector/query/search.py",
    "collector/query/servicepage.py",
    "collector/query/significance.py",
    "collector/query/skew.py",
    "collector/query/spm.py",
    "collector/query/traceql",
    "collector/query/upload.py",
    "collector/query/views.py",
    "dashboard/calls.py",
    "dashboard/critical.py",
    "dashboard/evidence.py",
    "dashboard/complete.py",
    "dashboard/query.py",
    "dashboard/search_form.py",
    "dashboard/timerange.py",
    "dashboard/traceql.py",
    "dashboard/figures",
    "dashboard/find.py",
    "dashboard/format.py",
    "dashboard/graph_view.py",
    "dashboard/subgraph.py",
    "dashboard/statistics.py",
    "dashboard/trace.py",
    "dashboard/trace_diff.py",
)
IMPURE = {"aiohttp", "asyncio", "grpc", "os", "random", "requests", "socket", "threading", "time"}

FORBIDDEN_TEXT = re.compile(
    r"/(?:work|root|farm)/|/tmp/(?:lab)|pythonh[o]sted|pyp[i]\.org|npmj[s]\.org|debian\.[o]rg"
)


def tracked(*patterns: str) -> list[Path]:
    """Files of the work tree that git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for line in listed.splitlines() if (path := ROOT / line).is_file()]


def sources() -> list[Path]:
    """Hand-written Python files."""
    return [path for path in tracked("*.py") if not path.stem.endswith("_pb2")]


def imported(path: Path) -> set[str]:
    """First segments of every module a file imports, wherever in the file it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def pure_files(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.is_file() else [p for p in sorted(path.glob("**/*.py")) if "_pb2" not in p.stem]


@pytest.mark.parametrize("place", PURE)
def test_the_core_imports_no_io(place: str) -> None:
    files = pure_files(place)
    assert files, f"{place} is listed as pure but does not exist"
    for path in files:
        assert not imported(path) & IMPURE, path.relative_to(ROOT)


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in tracked("tests/**/*.py")}
    assert [f for f in folders if not (f / "__init__.py").is_file()] == []


def test_every_package_says_what_it_is() -> None:
    for name in PACKAGES:
        for path in (ROOT / name).glob("**/__init__.py"):
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.relative_to(ROOT)


def test_modules_and_functions_keep_to_a_readable_size() -> None:
    long: list[str] = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT)
        if text.count("\n") > 350:
            long.append(f"{name}: {text.count(chr(10))} lines; split it by meaning")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60:
                    long.append(f"{name}:{node.lineno} {node.name}: {lines} lines")
    assert long == []


def test_tests_mirror_the_tree() -> None:
    lost = [
        str(path.relative_to(ROOT))
        for path in tracked(*(f"tests/{name}/**/test_*.py" for name in PACKAGES))
        if not (path.parents[0].relative_to(ROOT / "tests") and _subject(path).exists())
    ]
    assert lost == [], "these tests have no module of their name in the tree"


def _subject(path: Path) -> Path:
    """The module or package a test file is about: tests/a/test_b_more.py is about a/b*.py or a/b/."""
    folder = ROOT / path.parent.relative_to(ROOT / "tests")
    name = path.stem.removeprefix("test_")
    parts = name.split("_")
    for end in range(len(parts), 0, -1):
        stem = "_".join(parts[:end])
        for candidate in (folder / f"{stem}.py", folder / stem):
            if candidate.exists():
                return candidate
    return folder / f"{name}.py"


def test_nothing_of_one_machine_is_committed() -> None:
    leaks: list[str] = []
    for path in tracked():
        if path.suffix in {".png", ".svg", ".pb"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if FORBIDDEN_TEXT.search(line) and path.name != "test_tree.py":
                leaks.append(f"{path.relative_to(ROOT)}:{number}")
    assert leaks == []


def test_constraints_pin_every_requirement_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[project.scripts]")[0]
    required = project.split("dependencies = ")[1]
    wanted = set(re.findall(r'"([a-z][a-z0-9-]+)"', required))
    assert wanted - pinned == set()
