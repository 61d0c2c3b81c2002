"""`spanmesh run`: an unchanged program with a sidecar beside it, over real processes and sockets."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

from deploy.processes import ports
from deploy.processes.supervise import command
from tests.support.demo import until

# Answers with what it sees: its port, its proxy, and the headers of the request.
PROGRAM = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        seen = {
            "proxy": os.environ["http_proxy"],
            "no_proxy": os.environ["NO_PROXY"],
            "traceparent": self.headers["traceparent"],
        }
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@contextmanager
def run(
    port: int, inbound: int, *program: str, options: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """`spanmesh run` with nothing at the mesh's address: adoption must not depend on it."""
    process = subprocess.Popen(
        command(
            "run",
            "--service",
            "hello",
            "--port",
            str(port),
            "--inbound",
            f"127.0.0.1:{inbound}",
            "--mesh",
            "127.0.0.1:9",
            *options,
            "--",
            *program,
        ),
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(40)


def answer(port: int, path: str = "/hello") -> str:
    """Body of a successful GET, or nothing."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.read().decode() if response.status == 200 else ""
    except (OSError, HTTPException):
        return ""
    finally:
        connection.close()


def test_callers_reach_the_program_through_the_sidecar_and_it_is_told_its_proxy() -> None:
    port, inbound = ports.free(2)
    with run(port, inbound, sys.executable, "-c", PROGRAM) as process:
        body = until(lambda: answer(inbound), 40, "an answer through the sidecar")
        assert '"proxy": "http://127.0.0.1:' in body
        assert '"traceparent": "00-' in body
    assert process.returncode == 0
    assert not ports.accepts(f"127.0.0.1:{port}")
    assert not ports.accepts(f"127.0.0.1:{inbound}")


def test_the_end_of_the_program_ends_the_sidecar_with_its_status() -> None:
    port, inbound = ports.free(2)
    with run(port, inbound, sys.executable, "-c", "raise SystemExit(7)") as process:
        assert process.wait(40) == 7
    assert not ports.accepts(f"127.0.0.1:{inbound}")


def test_every_option_of_the_sidecar_is_one_of_run() -> None:
    port, inbound, outbound, admin = ports.free(4)
    options = (
        *("--outbound", f"127.0.0.1:{outbound}", "--admin", f"127.0.0.1:{admin}"),
        *("--no-proxy", "example.org", "--max-headers", "77", "--instance", "hello-1"),
    )
    with run(port, inbound, sys.executable, "-c", PROGRAM, options=options):
        body = json.loads(until(lambda: answer(inbound), 40, "an answer through the sidecar"))
        assert (body["proxy"], body["no_proxy"]) == (f"http://127.0.0.1:{outbound}", "example.org")
        config = json.loads(answer(admin, "/config"))
        assert (config["max_headers"], config["instance"]) == (77, "hello-1")
