"""The command line as a user meets it: real processes, real exit statuses, one line for each error."""

import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from deploy.processes.supervise import command


def spanmesh(*arguments: str, seconds: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=seconds, check=False)


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The only line on standard error, which is never a traceback."""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    return lines[0]


def test_help_names_every_command() -> None:
    result = spanmesh("--help")
    assert result.returncode == 0
    for name in ("up", "sidecar", "run", "collector", "dashboard", "demo", "check", "status"):
        assert f"\n  {name} " in result.stdout


def test_status_without_a_collector_says_how_to_start_one() -> None:
    result = spanmesh("status", "--api", "http://127.0.0.1:9")
    assert result.returncode == 1
    assert "spanmesh up" in one_line(result)


def test_check_accepts_the_example_of_the_readme(tmp_path: Path) -> None:
    file = tmp_path / "mesh.yaml"
    file.write_text("services:\n  reviews:\n    stage: route\n    percent: 25\n")
    result = spanmesh("check", str(file))
    assert (result.returncode, result.stdout) == (0, f"{file} is valid\n")


def test_check_names_line_key_and_fix(tmp_path: Path) -> None:
    file = tmp_path / "mesh.yaml"
    file.write_text("services:\n  reviews:\n    stagee: route\n")
    result = spanmesh("check", str(file))
    assert result.returncode == 1
    line = one_line(result)
    assert line.startswith(f"{file}: line 3: ")
    assert "stagee" in line
    assert "stage" in line.replace("stagee", "")


def test_check_of_a_missing_file_names_it(tmp_path: Path) -> None:
    result = spanmesh("check", str(tmp_path / "absent.yaml"))
    assert result.returncode == 2
    absent = tmp_path / "absent.yaml"
    assert one_line(result) == (
        f"spanmesh: cannot read {absent}: No such file or directory; name an existing UTF-8 file"
    )


def test_check_names_a_file_that_is_not_yaml_once(tmp_path: Path) -> None:
    file = tmp_path / "policy"
    file.write_text("a: [")
    line = one_line(spanmesh("check", str(file)))
    assert line.startswith(f"{file}: line 1: the file: this is not YAML")
    assert "mesh.yaml" not in line


def test_the_version_is_that_of_the_installation() -> None:
    assert spanmesh("--version").stdout == f"spanmesh {version('spanmesh')}\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("sidecar", "--bogus"), "No such option: --bogus"), (("check",), "Missing argument 'file'")],
)
def test_a_mistake_of_usage_is_one_line_in_the_form_of_all_others(
    arguments: tuple[str, ...], reason: str
) -> None:
    result = spanmesh(*arguments)
    assert result.returncode == 2
    line = one_line(result)
    assert line.startswith(f"spanmesh: {reason}")
    assert line.endswith(f"; see spanmesh {arguments[0]} --help")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--app", "nonsense"), ("--app", "'nonsense'", "HOST:PORT")),
        (("--sample", "7"), ("--sample", "7")),
    ],
)
def test_a_bad_option_names_key_value_and_fix(arguments: tuple[str, ...], expected: tuple[str, ...]) -> None:
    result = spanmesh("sidecar", "--service", "reviews", *arguments)
    assert result.returncode == 2
    line = one_line(result)
    for part in expected:
        assert part in line


@pytest.mark.parametrize("command", ["collector", "up"])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--retention", "spans=3"), ("retention", "spans", "traces")),
        (("--query-grpc", "nonsense"), ("--query-grpc", "'nonsense'", "HOST:PORT")),
        (("--zipkin", "nonsense"), ("--zipkin", "'nonsense'", "HOST:PORT")),
        (("--retention-days", "0"), ("--retention-days", "0")),
        (("--cluster", "west"), ("cluster", "--clickhouse")),
    ],
)
def test_a_bad_option_of_the_collector_is_told_by_both_commands(
    tmp_path: Path, command: str, arguments: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    result = spanmesh(command, "--data", str(tmp_path), *arguments)
    assert result.returncode == 2, result.stderr
    for part in expected:
        assert part in result.stderr
    assert "Traceback" not in result.stderr


def test_a_taken_port_is_named_with_the_option_that_moves_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = spanmesh(
            "sidecar",
            "--service",
            "reviews",
            "--app",
            "127.0.0.1:1",
            "--inbound",
            address,
            "--outbound",
            "",
            "--admin",
            "",
        )
    assert result.returncode == 2
    line = one_line(result)
    assert address in line
    assert "--inbound" in line


def test_run_without_a_program_says_where_to_put_it() -> None:
    result = spanmesh("run", "--service", "reviews", "--port", "8080")
    assert result.returncode == 2
    assert "after --" in one_line(result)


def test_help_needs_the_packages_of_no_role() -> None:
    """A machine with sidecars has neither Dash nor ClickHouse, and still lists all commands and options."""
    program = (
        "import sys, deploy.cli.commands; loaded = {name.split('.')[0] for name in sys.modules}; "
        "print(*loaded & {'aiohttp', 'chdb', 'clickhouse_driver', 'dash', 'httptools', 'opentelemetry', "
        "'plotly', 'requests', 'uvloop', 'waitress', 'yaml'})"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
