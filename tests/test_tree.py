"""Rules of the tree that no linter knows: purity of the core, sizes, names, what must not be committed."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("proxy", "topology", "collector", "dashboard", "deploy")

IO_MODULES = {
    "aiohttp",
    "asyncio",
    "chdb",
    "clickhouse_driver",
    "grpc",
    "os",
    "random",
    "requests",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "uvloop",
}

# The edges: the only modules that may read a clock, draw random numbers, start threads or do I/O.
# Everything else is pure, with clock, randomness and environment as arguments.
EDGES = {
    "collector/app.py",
    "collector/clickhouse/embedded.py",
    "collector/clickhouse/native.py",
    "collector/clickhouse/reader.py",
    "collector/clickhouse/server.py",
    "collector/clickhouse/spans.py",
    "collector/clickhouse/upgrade.py",
    "collector/clickhouse/writer.py",
    "collector/control/engine_loop.py",
    "collector/control/mesh_writer.py",
    "collector/control/prober.py",
    "collector/directory_lock.py",
    "collector/federation/sync.py",
    "collector/ingest/dead_letters.py",
    "collector/ingest/drain.py",
    "collector/ingest/journal.py",
    "collector/ingest/pipeline.py",
    "collector/ingest/recent_requests.py",
    "collector/ingest/segment_file.py",
    "collector/ingest/spool.py",
    "collector/query/analysis/aggregated_traces.py",
    "collector/query/analysis/routes.py",
    "collector/query/analysis/trace_routes.py",
    "collector/query/app.py",
    "collector/query/bounded_reader.py",
    "collector/query/jaeger/grpc_v3.py",
    "collector/query/jaeger/v1.py",
    "collector/query/jaeger/v1_extras.py",
    "collector/query/jaeger/v3.py",
    "collector/query/logs/routes.py",
    "collector/query/mesh/event_stream.py",
    "collector/query/mesh/routes.py",
    "collector/query/mesh/storage.py",
    "collector/query/recent_answer.py",
    "collector/query/replies.py",
    "collector/query/search/pages.py",
    "collector/query/search/routes.py",
    "collector/query/serving.py",
    "collector/query/tempo/metric_routes.py",
    "collector/query/tempo/routes.py",
    "collector/query/traceql/metrics/metrics.py",
    "collector/query/traceql/spansets.py",
    "collector/receive/answer.py",
    "collector/receive/body.py",
    "collector/receive/otlp_grpc.py",
    "collector/receive/otlp_http.py",
    "collector/receive/zipkin.py",
    "collector/servers.py",
    "collector/stats.py",
    "dashboard/aggregate/page.py",
    "dashboard/api/client.py",
    "dashboard/api/reply_cache.py",
    "dashboard/app.py",
    "dashboard/balancing/page.py",
    "dashboard/search/form_callbacks.py",
    "dashboard/search/live_tail.py",
    "dashboard/search/page.py",
    "dashboard/service/page.py",
    "dashboard/topology/edge.py",
    "dashboard/topology/graph_delta.py",
    "dashboard/topology/page.py",
    "dashboard/topology/panel.py",
    "dashboard/trace/page.py",
    "dashboard/trace/trace_cache.py",
    "deploy/cli/options.py",
    "deploy/demo/app.py",
    "deploy/demo/load.py",
    "deploy/demo/shop.py",
    "deploy/importer/traces.py",
    "deploy/processes/ports.py",
    "deploy/processes/roles.py",
    "deploy/processes/supervise.py",
    "proxy/app.py",
    "proxy/contract/transport/grpc_ports.py",
    "proxy/contract/transport/http_client.py",
    "proxy/contract/transport/http_session.py",
    "proxy/contract/transport/http_site.py",
    "proxy/contract/transport/streams.py",
    "proxy/contract/transport/tls.py",
    "proxy/config.py",
    "proxy/control/admin.py",
    "proxy/control/health.py",
    "proxy/control/registration.py",
    "proxy/control/xds_client.py",
    "proxy/http/deadline.py",
    "proxy/http/http1/client_connection.py",
    "proxy/http/http1/upstream_connection.py",
    "proxy/supervisor.py",
    "proxy/tcp/opaque.py",
    "proxy/tcp/original_dst.py",
    "proxy/tcp/sniffer.py",
    "proxy/telemetry/exporter.py",
    "proxy/sockets/dialer.py",
    "proxy/sockets/dns_cache.py",
    "proxy/sockets/options.py",
    "proxy/sockets/write_batch.py",
    "proxy/workers/link.py",
    "proxy/workers/worker_pool.py",
    "topology/xds/server.py",
}

# Text that is true on one machine only: somebody's home, scratch or build directory, and where one machine
# fetched packages from, as lock files record it: versions are pinned without addresses.
FORBIDDEN_TEXT = re.compile(
    rf"""(?<![\w.])/(?:home|Users|root|tmp)/\w
    | {re.escape(str(ROOT))}/
    | (?<![\w.])[A-Z]:\\Users\\
    | "(?:resolved|integrity)": \s* "
    | --(?:extra-)?index-url | --hash=sha\d+:
    | https?://(?:registry|files|pypi|deb|proxy)\.[\w.-]+/""",
    re.VERBOSE,
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


def test_only_the_edges_do_io() -> None:
    doing = {
        str(path.relative_to(ROOT))
        for path in sources()
        if path.relative_to(ROOT).parts[0] in PACKAGES and imported(path) & IO_MODULES
    }
    assert doing - EDGES == set(), "pure modules take clock, randomness and environment as arguments"
    assert EDGES - doing == set(), "these modules are pure now: take them off the list of edges"


OPENERS = {
    "TCPSite",
    "SockSite",
    "UnixSite",
    "add_insecure_port",
    "add_secure_port",
    "build_opener",
    "create_connection",
    "create_datagram_endpoint",
    "create_server",
    "create_unix_connection",
    "create_unix_server",
    "insecure_channel",
    "open_connection",
    "open_unix_connection",
    "secure_channel",
    "start_server",
    "start_tls",
    "start_unix_server",
    "wrap_socket",
}


def test_sockets_are_opened_by_the_transport_alone() -> None:
    opening = {
        str(path.relative_to(ROOT))
        for path in sources()
        if path.relative_to(ROOT).parts[0] in PACKAGES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _called(node) in OPENERS
    }
    assert {path for path in opening if not path.startswith("proxy/contract/transport/")} == set()


def _called(call: ast.Call) -> str:
    """Last segment of the name a call names."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_the_architecture_draws_the_arrows_that_are_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    drawn = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = [c for c in project["tool"]["importlinter"]["contracts"] if "containers" in c]
    assert len(rooms) == 6
    for contract in rooms:
        layers = [
            " · ".join(f"`{name.strip()}`" for name in layer.split("|")) for layer in contract["layers"]
        ]
        folder = contract["containers"][0].replace(".", "/")
        assert f"| `{folder}/` | {' → '.join(layers)} |" in drawn


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in tracked("tests/**/*.py")}
    assert [f for f in folders if not (f / "__init__.py").is_file()] == []


def test_every_package_says_what_it_is() -> None:
    for name in PACKAGES:
        for path in (ROOT / name).glob("**/__init__.py"):
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.relative_to(ROOT)


# A docstring's first sentence is a statement: imperative, "Return ...", "True if ..." or a noun phrase.
NO_STATEMENT = re.compile(
    r"(?:As|Does|From|How|If|Is|It|Of|That|They|What|When|Where|Whether|Which|Who|Whoever|Why)\b"
)
# A noun phrase names a thing, a function does or returns one; a property reads like a thing.
NO_DEED = re.compile(r"(?:A|All|An|Each|Every|No|Rows|The)\b")


def test_docstrings_begin_with_a_statement() -> None:
    riddles = [
        f"{path.relative_to(ROOT)}:{node.body[0].lineno}: {text.splitlines()[0]}"
        for path in sources()
        if path.relative_to(ROOT).parts[0] in PACKAGES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if NO_STATEMENT.match(text := ast.get_docstring(node) or "")
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _names_a_thing(node, text))
    ]
    assert riddles == []


def _names_a_thing(function: ast.FunctionDef | ast.AsyncFunctionDef, text: str) -> bool:
    is_property = any("property" in ast.unparse(each) for each in function.decorator_list)
    return bool(NO_DEED.match(text)) and not is_property


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


def test_every_module_has_tests_of_its_name() -> None:
    """a/b.py has tests/a/test_b.py or tests/a/test_b_more.py; __main__ has test_main.py."""
    untested = []
    for path in sources():
        module = path.relative_to(ROOT)
        if module.parts[0] not in PACKAGES or module.stem == "__init__":
            continue
        folder, name = ROOT / "tests" / module.parent, module.stem.strip("_")
        if not any([*folder.glob(f"test_{name}.py"), *folder.glob(f"test_{name}_*.py")]):
            untested.append(str(module))
    assert untested == []


def test_pure_scripts_have_tests() -> None:
    """The scripts that load first are pure where they say so: Node tests those without a browser."""
    pure = {
        path.stem.partition("-")[2]
        for path in tracked("dashboard/assets/*.js")
        if " Pure. */" in path.read_text(encoding="utf-8").splitlines()[0]
    }
    tested = {path.name.removesuffix(".test.mjs") for path in tracked("tests/dashboard/assets/*.test.mjs")}
    assert pure == tested


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
