"""The demo's users count what they really see."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deploy.demo.load import Load


class Half(BaseHTTPRequestHandler):
    """Every other request fails."""

    served = 0

    def do_GET(self) -> None:
        Half.served += 1
        self.send_response(500 if Half.served % 2 else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing to the terminal."""


def test_the_load_reports_the_share_that_failed() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Half)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    load = Load("127.0.0.1", server.server_address[1], rate=200)
    load.start()
    done = threading.Event()
    while load.recent(60).count < 50:
        done.wait(0.02)
    load.stop()
    seen = load.recent(60)
    server.shutdown()
    server.server_close()
    assert 0.4 <= seen.success <= 0.6
    assert seen.p99 > 0
