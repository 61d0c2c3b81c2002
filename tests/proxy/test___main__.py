"""A sidecar's process: the status it ends with, its one line of error, and what it does not load."""

import json
import socket
import subprocess
import sys

from proxy.config import SidecarConfig

LOADED = "import sys, proxy.__main__; print(*sorted(sys.modules))"


def started(workers: int, admin: str) -> subprocess.CompletedProcess[str]:
    config = SidecarConfig(service="cart", inbound="", outbound="127.0.0.1:0", admin=admin, workers=workers)
    command = [sys.executable, "-m", "proxy", json.dumps(vars(config))]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_ends_it_with_status_two_and_one_line_whatever_the_number_of_workers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for workers in (1, 2):
            ended = started(workers, address)
            assert ended.returncode == 2
            assert ended.stderr.startswith(
                f"spanmesh: --admin (SPANMESH_ADMIN) is '{address}': the port is taken"
            )
            assert ended.stderr.count("\n") == 1


def test_neither_a_validator_nor_the_command_nor_another_role_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    others = {"collector", "topology", "dashboard", "deploy", "pydantic", "typer", "aiohttp", "cryptography"}
    assert loaded & others == set()
