"""The numbers of a sidecar as Prometheus reads them."""

import json

from proxy.control.prometheus import COUNTER, METRICS, PREFIX, prometheus
from tests.proxy.rig import App, ask, play, serving, world


def test_prometheus_text_has_a_type_for_every_number() -> None:
    text = prometheus({"open": 3, "ready": True, "name": "x", "refused": {"bad-request": 2}})
    assert "# TYPE spanmesh_sidecar_open gauge\nspanmesh_sidecar_open 3\n" in text
    assert "spanmesh_sidecar_ready 1\n" in text
    assert "name" not in text


def test_every_number_of_a_real_sidecar_is_described() -> None:
    async def run() -> None:
        async with serving(App()) as address, world(address, admin="127.0.0.1:0") as w:
            answer = await ask(w.sidecar.ports["admin"], b"GET /stats HTTP/1.1\r\n\r\n")
            stats = json.loads(answer.partition(b"\r\n\r\n")[2])
            numbers = {key for key, value in stats.items() if isinstance(value, int | float)}
            # Of several workers their parent adds two of its own.
            assert numbers | {"refused", "endpoint_avoided", "workers", "worker_restarts"} == set(METRICS)

    play(run())


def test_endpoints_that_are_avoided_are_named_with_the_reason() -> None:
    rows = [
        {"service": "b", "address": "10.0.0.1:80", "avoided": "failing"},
        {"service": "b", "address": "10.0.0.2:80", "avoided": ""},
    ]
    lines = prometheus({"endpoints": rows}).splitlines()
    assert lines[1:] == [
        f"# TYPE {PREFIX}endpoint_avoided gauge",
        f'{PREFIX}endpoint_avoided{{service="b",endpoint="10.0.0.1:80",reason="failing"}} 1',
    ]
    assert prometheus({"endpoints": rows[1:]}).strip() == ""


def test_a_counter_is_a_counter_with_its_help() -> None:
    assert prometheus({"spans_sent": 7}) == (
        f"# HELP {PREFIX}spans_sent {METRICS['spans_sent'][1]}\n"
        f"# TYPE {PREFIX}spans_sent {COUNTER}\n{PREFIX}spans_sent 7\n"
    )
