"""The ADS server on gRPC, for both protocols: state of the world and delta."""

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Protocol

import grpc

from proxy.contract.model import Node
from proxy.contract.transport.grpc_ports import peer_of_call
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds import nodes, protocol
from proxy.contract.xds.protobuf import BadResourceError
from topology.xds.catalog import Catalog
from topology.xds.session import Rejection, Request, Session
from topology.xds.snapshot import Snapshot

# Options the hosting grpc.aio server needs: find dead peers within seconds, and allow sidecars
# to do the same (the default punishes pings more frequent than every five minutes).
OPTIONS: Final = (
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 2_000),
    ("grpc.http2.max_ping_strikes", 0),
)
# After a start, sidecars that come back keep what they hold for this many seconds: until the
# others are back too, the mesh knows less than they do.
SETTLE: Final = 5.0
_REJECTIONS_KEPT: Final = 100

logger = logging.getLogger(__name__)


class Sidecars(Protocol):
    """The receiver of connects and disconnects of sidecars: the engine."""

    def connect(self, stream: str, node: Node, peer_host: str, now: float) -> None: ...
    def disconnect(self, stream: str, now: float) -> None: ...


class XdsServer:
    """Serves snapshots over the Aggregated Discovery Service.

    ``rejected`` counts responses that clients did not accept, ``rejections`` keeps the last of
    each client and type.
    """

    def __init__(
        self,
        sidecars: Sidecars,
        clock: Callable[[], float] = time.time,
        *,
        settle: float = SETTLE,
        heartbeat: float = protocol.HEARTBEAT_SECONDS,
    ) -> None:
        self._sidecars = sidecars
        self._clock = clock
        self._settled = clock() + settle
        self._heartbeat = heartbeat
        self._published = 0.0
        self._catalog: Catalog | None = None
        self._streams = itertools.count(1)
        self._wakers: dict[str, asyncio.Event] = {}
        self.rejected = 0
        self.rejections: dict[tuple[str, str], Rejection] = {}

    @property
    def streams(self) -> int:
        """The number of open streams."""
        return len(self._wakers)

    def register(self, server: grpc.aio.Server) -> None:
        """Add the ADS handlers to a server created with ``OPTIONS``."""
        handlers = {
            protocol.SOTW_METHOD: grpc.stream_stream_rpc_method_handler(
                self._sotw, pb.DiscoveryRequest.FromString, pb.DiscoveryResponse.SerializeToString
            ),
            protocol.DELTA_METHOD: grpc.stream_stream_rpc_method_handler(
                self._delta, pb.DeltaDiscoveryRequest.FromString, pb.DeltaDiscoveryResponse.SerializeToString
            ),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(protocol.ADS, handlers),))

    def publish(self, snapshot: Snapshot) -> None:
        """Send every stream what changed; cheap when nothing did. Call on the server's loop.

        Heartbeats go out only while this is called: a mesh that hangs must not renew its old decisions.
        """
        self._published = self._clock()
        if self._catalog is not None and self._catalog.version == snapshot.version:
            return
        # Encoded once here, not once for each stream: the streams select from these bytes.
        self._catalog = Catalog(snapshot, self._catalog)
        for waker in self._wakers.values():
            waker.set()

    async def _sotw(self, requests: AsyncIterator[Request], context: Any) -> None:
        await self._serve(Session(delta=False), requests, context)

    async def _delta(self, requests: AsyncIterator[Request], context: Any) -> None:
        await self._serve(Session(delta=True), requests, context)

    async def _serve(self, session: Session, requests: AsyncIterator[Request], context: Any) -> None:
        stream = str(next(self._streams))
        waker = self._wakers[stream] = asyncio.Event()
        # A caller on a Unix socket is on this machine.
        host, _ = peer_of_call(context).address or ("127.0.0.1", 0)
        reader = asyncio.create_task(self._read(stream, session, requests, host, waker))
        refusal = ""
        try:
            await self._write(session, reader, waker, context)
            await reader
        except BadResourceError as error:
            refusal = str(error)
        finally:
            reader.cancel()
            del self._wakers[stream]
            self._sidecars.disconnect(stream, self._clock())
        # Last, since it sends the status: a client that has read it must find its stream gone from here.
        if refusal:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, refusal)

    async def _write(
        self, session: Session, reader: asyncio.Task[None], waker: asyncio.Event, context: Any
    ) -> None:
        """Send responses as they become due, until the client's requests end."""
        beats = any(key == protocol.HEARTBEAT_KEY for key, _ in context.invocation_metadata() or ())
        written = self._clock()
        while not reader.done():
            # Before the state is read: a change that comes during a write sets it again and is not missed.
            waker.clear()
            wait = self._heartbeat if beats else None
            if self._catalog is not None:
                remaining = self._settled - self._clock()
                # Only clients that hold something are held back: a new one would have nothing at all.
                hold = session.resumed and remaining > 0
                if hold:
                    wait = min(remaining, wait or remaining)
                for response in session.responses(self._catalog, hold=hold):
                    await context.write(response)
                    written = self._clock()
                if beats and self._clock() - written >= self._heartbeat and self._is_current():
                    await context.write(_heartbeat(self._catalog))
                    written = self._clock()
            await _wait(waker, wait)

    def _is_current(self) -> bool:
        """True if decisions are still being made, so that what was published last is still meant."""
        return self._clock() - self._published < self._heartbeat

    async def _read(
        self, stream: str, session: Session, requests: AsyncIterator[Request], host: str, waker: asyncio.Event
    ) -> None:
        try:
            async for request in requests:
                # Clients name their node in the first request and where it changed, as on draining.
                if request.HasField("node"):
                    node = nodes.decode(request.node)
                    if node is not None:
                        self._sidecars.connect(stream, node, host, self._clock())
                rejection = session.receive(request)
                if rejection is not None:
                    self._count(rejection)
                waker.set()
        finally:
            # The writer checks only when woken whether the reader is done.
            waker.set()

    def _count(self, rejection: Rejection) -> None:
        # Counted each time, but logged once: a client that rejects a resource does so at every push.
        self.rejected += 1
        key = (rejection.node, rejection.type_url)
        if self.rejections.get(key) == rejection:
            return
        # Names are a client's own choice: without a bound, one with ever new names would fill the memory.
        if len(self.rejections) >= _REJECTIONS_KEPT:
            del self.rejections[next(iter(self.rejections))]
        self.rejections[key] = rejection
        logger.warning(
            "%s rejected %s and keeps what it had: %s",
            rejection.node or "a client",
            rejection.type_url.rpartition(".")[2],
            rejection.detail,
        )


def _heartbeat(catalog: Catalog) -> pb.DeltaDiscoveryResponse:
    return pb.DeltaDiscoveryResponse(type_url=protocol.HEARTBEAT, system_version_info=str(catalog.version))


async def _wait(waker: asyncio.Event, timeout: float | None) -> None:
    try:
        await asyncio.wait_for(waker.wait(), timeout)
    except TimeoutError:
        return
