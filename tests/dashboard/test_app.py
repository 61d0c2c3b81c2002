import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from dashboard.app import run
from dashboard.config import DashboardConfig
from deploy.processes import ports
from proxy.contract.failure import ConfigError
from tests.support.dashboard import served

SERVE = """
import sys
from dashboard.app import run
from dashboard.config import DashboardConfig
run(DashboardConfig(listen=sys.argv[1]))
"""


def test_a_taken_port_is_one_line_with_the_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match="--listen") as caught:
            run(DashboardConfig(listen=listen))
    assert listen in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    listen = f"127.0.0.1:{ports.free(1)[0]}"
    process = subprocess.Popen([sys.executable, "-c", SERVE, listen], stderr=subprocess.PIPE)
    try:
        _answers(f"http://{listen}/")
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert b"Traceback" not in said


def test_everything_the_page_needs_is_served_from_here() -> None:
    with served("http://127.0.0.1:9") as url, urllib.request.urlopen(url) as reply:
        page = reply.read().decode()
    assert "/assets/1-dash.js" in page
    assert "/assets/1-tokens.css" in page
    assert "https://" not in page
    assert "cdn" not in page


def _answers(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            assert time.monotonic() < deadline, f"{url} never answered"
            time.sleep(0.1)
