"""``spanmesh up``: the addresses of collector and dashboard, and both as real processes."""

import signal
import socket
import subprocess
from pathlib import Path

from collector.config import CollectorConfig
from dashboard.config import DashboardConfig
from deploy import api
from deploy.processes import ports
from deploy.processes.supervise import command
from deploy.processes.up_command import Mesh, UpConfig
from tests.support.demo import until
from topology.settings import EngineSettings


def mesh(addresses: UpConfig, collector: CollectorConfig, dashboard: DashboardConfig) -> Mesh:
    return Mesh.of(addresses, collector, dashboard, EngineSettings())


def test_without_options_everything_is_where_it_is_documented() -> None:
    usual = mesh(UpConfig(), CollectorConfig(), DashboardConfig())
    assert usual.collector == CollectorConfig()
    assert usual.dashboard == DashboardConfig()
    assert usual.api == "http://127.0.0.1:16686"


def test_a_second_mesh_has_four_ports_of_its_own() -> None:
    second = mesh(UpConfig(ports_from=20000), CollectorConfig(), DashboardConfig())
    collector, dashboard = second.collector, second.dashboard
    at = [collector.grpc, collector.http, collector.query, dashboard.listen]
    assert at == [f"127.0.0.1:{port}" for port in (20000, 20001, 20002, 20003)]
    assert dashboard.api == second.api == "http://127.0.0.1:20002"


def test_an_address_that_was_given_stays() -> None:
    moved = mesh(
        UpConfig(ports_from=20000), CollectorConfig(query="0.0.0.0:80"), DashboardConfig(listen="[::1]:81")
    )
    assert (moved.collector.query, moved.dashboard.listen) == ("0.0.0.0:80", "[::1]:81")
    assert (moved.collector.grpc, moved.dashboard.api) == ("127.0.0.1:20000", "http://127.0.0.1:80")


def test_a_query_api_elsewhere_is_asked_by_the_dashboard() -> None:
    elsewhere = DashboardConfig(api="http://balancer:16686")
    assert mesh(UpConfig(), CollectorConfig(), elsewhere).dashboard.api == "http://balancer:16686"


def test_both_answer_where_the_options_put_them_and_end_with_a_signal(tmp_path: Path) -> None:
    grpc, http, query, listen = (f"127.0.0.1:{port}" for port in ports.free(4))
    flags = [f"--grpc={grpc}", f"--http={http}", f"--query={query}", f"--listen={listen}"]
    # A setting of the engine reaches the collector as well.
    process = subprocess.Popen(
        command("up", "--data", str(tmp_path), "--eject-share", "0.25", *flags),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: api.answers(f"http://{query}", "/readyz"), 60, "the collector")
        until(lambda: api.answers(f"http://{listen}", "/"), 60, "the dashboard")
        # The addresses are printed once both answer, which the test may see a moment before the command does.
        output = ""
        while process.stdout is not None and "Ctrl-C" not in output:
            line = process.stdout.readline()
            assert line, f"the command ended after it printed {output!r}"
            output += line
        process.send_signal(signal.SIGINT)
        output += process.communicate(timeout=60)[0]
    finally:
        process.kill()
    assert process.returncode == 0
    assert f"OTLP and xDS at {grpc}, OTLP/HTTP at {http}" in output
    assert f"dashboard   http://{listen}" in output


def test_a_taken_port_ends_it_at_once_with_the_option_that_moves_it(tmp_path: Path) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        query = f"{ports.LOOPBACK}:{taken.getsockname()[1]}"
        grpc, http, listen = (f"{ports.LOOPBACK}:{port}" for port in ports.free(3))
        flags = [f"--grpc={grpc}", f"--http={http}", f"--query={query}", f"--listen={listen}"]
        ended = subprocess.run(
            command("up", "--data", str(tmp_path), *flags),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"spanmesh: --query (SPANMESH_QUERY) is {query!r}: the port is taken; ")


def test_a_child_whose_configuration_must_change_ends_it_with_status_2(tmp_path: Path) -> None:
    wrong = tmp_path / "mesh.yaml"
    wrong.write_text("services: [")
    flags = [
        f"--{name}=127.0.0.1:{port}"
        for name, port in zip(("grpc", "http", "query", "listen"), ports.free(4), strict=True)
    ]
    ended = subprocess.run(
        command("up", "--data", str(tmp_path), "--config", str(wrong), *flags),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert str(wrong) in ended.stderr
    assert "Ctrl-C" not in ended.stdout
