"""The ports of the collector: a taken one is named with the fix, optional ones are off until given."""

import signal
import socket
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import grpc
import pytest

from proxy.contract.option import named
from tests.collector.made import span, trace_request
from tests.collector.running import export, free_port, refused, started, until


@pytest.mark.parametrize("option", ["grpc", "http", "query", "zipkin", "query_grpc"])
def test_a_port_that_is_taken_is_told_with_the_fix(tmp_path: Path, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = refused(tmp_path, **{option: address})
    fix = "stop what listens there or give another HOST:PORT"
    assert said == f"{named(option)} is '{address}': the port is taken; {fix}\n"


def test_jaegers_grpc_api_is_served_where_it_is_asked_for(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    running = started(tmp_path, query_grpc=address)
    try:
        export(running, trace_request([span()]).SerializeToString())
        with grpc.insecure_channel(address) as channel:
            ask = channel.unary_unary("/jaeger.api_v3.QueryService/GetServices", None, None)
            until(lambda: b"shop" in ask(b"", timeout=20), "the service to be known")
    finally:
        running.end(signal.SIGTERM)


def test_zipkin_is_served_where_it_is_asked_for(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    collector = started(tmp_path, zipkin=address)
    try:
        with pytest.raises(HTTPError) as refusal:
            urlopen(Request(f"http://{address}/api/v2/spans", data=b"{", method="POST"), timeout=20)
        assert refusal.value.code == 400
    finally:
        collector.end()
