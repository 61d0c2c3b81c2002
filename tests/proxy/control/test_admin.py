"""The admin port: its pages over the wire, and its answers to what it does not serve."""

import json

from proxy.control.admin import Admin
from tests.proxy.rig import App, ask, play, serving, world


def body(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[2]


def test_ready_stats_config_and_metrics_over_the_wire() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address, admin="127.0.0.1:0") as w:
            port = w.sidecar.ports["admin"]
            await ask(w.inbound, b"GET / HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n")
            assert body(await ask(port, b"GET /ready HTTP/1.1\r\n\r\n")) == b"ready\n"
            stats = json.loads(body(await ask(port, b"GET /stats HTTP/1.1\r\n\r\n")))
            assert stats["inbound_requests"] == 1
            assert stats["refused"] == {"not-implemented": 1}
            config = json.loads(body(await ask(port, b"GET /config HTTP/1.1\r\n\r\n")))
            assert config["service"] == "cart"
            assert config["ports"]["inbound"] == w.inbound
            metrics = body(await ask(port, b"GET /metrics HTTP/1.1\r\n\r\n"))
            assert b"spanmesh_sidecar_inbound_requests 1\n" in metrics
            assert b'spanmesh_sidecar_refused_total{reason="not-implemented"} 1\n' in metrics
            assert (await ask(port, b"GET /nothing HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 404 ")

    play(run())


def test_not_ready_says_what_is_missing() -> None:
    admin = Admin(lambda: "nothing answers at a:1: start the application", dict, {}, {})
    answer = admin.answer(b"GET /ready HTTP/1.1\r\n")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"start the application\n")
    assert admin.answer(b"POST /ready HTTP/1.1\r\n").startswith(b"HTTP/1.1 400 ")
    assert admin.answer(b"\r\n").startswith(b"HTTP/1.1 400 ")
