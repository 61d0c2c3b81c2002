"""The sidecar as a whole: it says why it cannot start, goes on without a mesh, and drains."""

import asyncio
import json
import signal
import socket
import subprocess
import sys

import pytest

from deploy.processes import ports
from proxy.app import Sidecar
from proxy.config import SidecarConfig
from proxy.contract.failure import ConfigError
from proxy.contract.model import NodeState
from proxy.control.registration import Registration
from tests.proxy.rig import App, FakeClient, Sink, ask, play, serving, until, world

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_taken_port_is_one_line_that_names_the_fix() -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            config = SidecarConfig(service="a", inbound="", outbound="127.0.0.1:0", admin=address)
            with pytest.raises(ConfigError, match=r"--admin .* the port is taken; .* another HOST:PORT"):
                await Sidecar(config, Registration(config, FakeClient)).start()

    play(run())


def test_without_a_mesh_requests_are_forwarded_and_spans_wait() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            await w.sink.stop()
            for _ in range(20):
                assert await ask(w.inbound, GET) == app.answer
            await until(lambda: not w.sidecar.stats()["export_connected"])
            assert await ask(w.inbound, GET) == app.answer
            again = Sink()
            await again.start(w.sink.port)
            await until(lambda: len(again.spans) == 21)
            await until(lambda: again.counted("http.server.request.duration") == 21)
            await again.stop()

    play(run())


def test_draining_tells_the_mesh_and_finishes_what_is_in_flight() -> None:
    async def run() -> None:
        arrived, go = asyncio.Event(), asyncio.Event()

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()

        async with serving(slow) as address, world(address) as w:
            asking = asyncio.create_task(ask(w.inbound, GET, close=False))
            await arrived.wait()
            port = w.inbound
            stopping = asyncio.create_task(w.sidecar.stop())
            await until(lambda: w.client.states == [NodeState.DRAINING])
            go.set()
            assert (await asking).endswith(b"ok")
            await stopping
            assert len(w.sink.spans) == 1
            with pytest.raises(OSError, match="Connect"):
                await ask(port, GET)

    play(run())


def test_the_application_going_away_is_told_to_the_mesh() -> None:
    async def run() -> None:
        async with world("127.0.0.1:1") as w:
            assert w.client.node.state is NodeState.UNREADY
            assert w.client.node.address == f"127.0.0.1:{w.inbound}"
        app = App()
        async with world("") as w:
            assert w.client.node.address == ""
        async with serving(app) as address, world(address) as w:
            assert w.client.node.state is NodeState.READY

    play(run())


def test_the_process_ends_with_zero_on_sigterm_and_prints_nothing() -> None:
    async def run() -> None:
        app, sink = App(), Sink()
        await sink.start()
        (port,) = ports.free(1)
        async with serving(app) as address:
            config = SidecarConfig(
                service="a",
                app=address,
                inbound=f"127.0.0.1:{port}",
                outbound="",
                admin="",
                mesh=f"127.0.0.1:{sink.port}",
                drain_notice=0,
            )
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "proxy",
                json.dumps(vars(config)),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            try:
                async with asyncio.timeout(10):
                    while True:
                        try:
                            assert await ask(port, GET) == app.answer
                            break
                        except OSError:
                            await asyncio.sleep(0.05)
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(10):
                    output, _ = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
                await sink.stop()
            assert (process.returncode, output) == (0, b"")
            assert len(sink.spans) == 1
            assert sink.counted("http.server.request.duration") == 1

    play(run())
