"""The prober: it asks endpoints directly when one reporter complains and no other one calls them.

Each probe is an HTTP/1.1 request on a connection of its own. Any answer below 500 is a sign of life; so is
501 where the engine knows no path to ask for, since an application need not know OPTIONS.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable
from typing import Final

from collector.stats import Stats
from proxy.contract import attributes as names
from proxy.contract.transport.streams import connect_stream
from topology.engine import Engine
from topology.model.endpoints import ProbeRequest, ProbeResult

SECONDS: Final = 1.0  # for a whole probe
_AT_ONCE: Final = 20  # probes: an outage must not make the collector one more load
_HEAD_MAX: Final = 256  # bytes of the status line; the rest of an answer is not read


class Prober:
    """Performs the probes that the engine asks for; it gets the results. ``clock`` gives epoch seconds."""

    def __init__(
        self, engine: Engine, stats: Stats, clock: Callable[[], float], seconds: float = SECONDS
    ) -> None:
        self._engine = engine
        self._stats = stats
        self._clock = clock
        self._seconds = seconds
        self._running: set[asyncio.Task[None]] = set()

    def ask(self, asks: Iterable[ProbeRequest]) -> None:
        """Start probes; returns at once. Those past the limit are dropped: the engine asks again."""
        for each in asks:
            # Dropped, not queued: a probe that waits answers a question about a moment that has passed.
            if len(self._running) >= _AT_ONCE:
                self._stats.count("spanmesh_probes_total", outcome="skipped")
                continue
            task = asyncio.get_running_loop().create_task(self._probe(each))
            # The event loop holds tasks weakly: without this reference a probe may be collected before it
            # ends.
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Cancel the probes that are under way."""
        for task in self._running:
            # The engine needs no result at the end, and a probe may take a whole second.
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _probe(self, asked: ProbeRequest) -> None:
        result = await probe(asked, self._seconds)
        self._stats.count("spanmesh_probes_total", outcome="ok" if result.ok else "failed")
        self._engine.add_probes([result], self._clock())


async def probe(asked: ProbeRequest, seconds: float = SECONDS) -> ProbeResult:
    """Probe an endpoint and return the result, within ``seconds``; network errors are results, not raised."""
    refused = False
    try:
        async with asyncio.timeout(seconds):
            ok, detail = await _answer(asked)
    except TimeoutError:
        ok, detail = False, f"no answer within {seconds:g} s"
    except OSError as error:
        # uvloop's texts name addresses and calls; the number gives the reason alone.
        ok, detail = False, os.strerror(error.errno) if error.errno else type(error).__name__
        refused = isinstance(error, ConnectionError)
    except ValueError as error:  # a line longer than the limit
        ok, detail = False, f"an answer that is not HTTP: {error}"
    return ProbeResult(asked.service, asked.endpoint, ok, detail, refused)


async def _answer(asked: ProbeRequest) -> tuple[bool, str]:
    """Return whether the endpoint gave a sign of life, and in words which."""
    # The limit bounds ``readline``: a server that sends no line end raises ValueError instead of filling
    # memory.
    reader, writer = await connect_stream(asked.endpoint, limit=_HEAD_MAX)
    try:
        writer.write(request(asked))
        await writer.drain()
        line = await reader.readline()
    finally:
        writer.close()
    version, _, rest = line.decode("latin-1").strip().partition(" ")
    if not line:
        return False, "the connection was closed without an answer"
    if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
        return False, "an answer that is not HTTP"
    status = int(rest[:3])
    good = status < 500 or (not asked.path and status == 501)
    return good, f"answered {status}"


def request(asked: ProbeRequest) -> bytes:
    """Return the bytes of a probe.

    The caller header keeps the endpoint's own sidecar from counting it, and the trace context, not
    sampled, from tracing it: probes must not look like traffic.
    """
    start = f"GET {asked.path}" if asked.path else "OPTIONS *"
    trace = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    return (
        f"{start} HTTP/1.1\r\nhost: {asked.service}\r\nuser-agent: spanmesh-prober\r\n"
        f"{names.CALLER_HEADER}: {names.PROBER}\r\ntraceparent: {trace}\r\nconnection: close\r\n\r\n"
    ).encode("latin-1")
