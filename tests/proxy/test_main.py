"""A sidecar as a process of its own: what its one argument is, and how it ends."""

import json
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import pytest

from deploy.processes import ports
from proxy.__main__ import main
from proxy.config import SidecarConfig
from tests.support.demo import until


def described(**options: Any) -> str:
    addresses = {
        name: f"{ports.LOOPBACK}:{port}"
        for name, port in zip(("outbound", "admin"), ports.free(2), strict=True)
    }
    given: dict[str, Any] = {"service": "a", "inbound": "", **addresses, **options}
    return json.dumps(asdict(SidecarConfig(**given)))


def test_an_address_that_is_taken_ends_it_with_status_2_and_says_which(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        address = f"{ports.LOOPBACK}:{taken.getsockname()[1]}"
        assert main(described(outbound=address)) == 2
    said = capsys.readouterr().err
    assert said.startswith("spanmesh: ")
    assert address in said


def test_it_serves_until_a_signal_and_ends_with_0() -> None:
    text = described()
    process = subprocess.Popen([sys.executable, "-m", "proxy", text], stderr=subprocess.PIPE)
    try:
        admin = json.loads(text)["admin"]
        until(lambda: ports.accepts(admin) or process.poll() is not None, 30, "a sidecar")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert b"Traceback" not in said
