"""The sidecar's ADS client: connecting registers the instance; the responses are its view of the mesh."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import grpc

from proxy.contract.model import MeshView, Node, NodeState
from proxy.contract.option import named
from proxy.contract.transport.grpc_ports import open_channel
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds import nodes, protocol
from proxy.control.mirror import Mirror

# A mesh that restarts is back within a second; 5 s at most keep a long outage from costing minutes.
BACKOFF_MIN: Final = 0.2  # seconds
BACKOFF_MAX: Final = 5.0
_PATH: Final = f"/{protocol.ADS}/{protocol.DELTA_METHOD}"
_OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),  # http_proxy is how applications find the sidecar itself
    ("grpc.use_local_subchannel_pool", 1),  # a new attempt does not wait for an old one's back-off
    # A mesh whose machine died sends no FIN: pings find that within 8 s, so that the client connects anew.
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.max_pings_without_data", 0),
)

logger = logging.getLogger(__name__)


class XdsClient:
    """A delta ADS client that keeps one stream open for as long as ``run`` runs.

    ``target`` is the mesh's ``host:port``. ``on_view`` gets every new view of the mesh, on the
    loop ``run`` runs on. After ``expiry`` seconds without a response it gets a neutral one: the same
    endpoints, without weights and ejections. On an open stream this holds only once the mesh has sent a
    heartbeat: other control planes send none. Both that and a mesh that was never reached are logged.
    """

    def __init__(
        self,
        target: str,
        node: Node,
        on_view: Callable[[MeshView], None],
        *,
        expiry: float = protocol.TTL_SECONDS,
    ) -> None:
        self._target = target
        self._node = replace(node, generation=_generation())
        self._on_view = on_view
        self._expiry = expiry
        self._mirror = Mirror()
        self._last_view: MeshView | None = None
        self._requests: asyncio.Queue[pb.DeltaDiscoveryRequest] = asyncio.Queue()
        self._connected = False
        self._expiring: asyncio.TimerHandle | None = None
        self._beating = False
        self._expired = False

    @property
    def connected(self) -> bool:
        """True if the mesh has answered on the present stream."""
        return self._connected

    def set_state(self, state: NodeState) -> None:
        """Report that this instance is ready, unready or draining."""
        before = self._node.state
        if state is before:
            return
        self._node = replace(self._node, state=state)
        # An application that was gone and answers again is another process: nothing that its callers
        # learned of the one before holds for it.
        if before is NodeState.UNREADY and state is NodeState.READY:
            self._node = replace(self._node, generation=_generation())
        # A node may be sent with any request; CDS is the one type that every sidecar is subscribed to.
        self._requests.put_nowait(
            pb.DeltaDiscoveryRequest(type_url=protocol.CDS, node=nodes.encode(self._node))
        )

    async def run(self) -> None:
        """Connect, and reconnect for ever; ends only by cancellation. Network trouble never raises."""
        delay, task = BACKOFF_MIN, asyncio.current_task()
        self._expire_later()  # from the start: a mesh that never answers is worth a line as well
        try:
            while True:
                heard = await self._attempt()
                # Without heartbeats nothing was due on the open stream; now that it ended, the view begins
                # to age.
                if heard and self._expiring is None:
                    self._expire_later()
                # gRPC swallows a cancellation that meets the end of a call: it raises the call's status in
                # its place, and without this the stop of the process would wait for ever.
                if task is not None and task.cancelling():
                    raise asyncio.CancelledError
                delay = BACKOFF_MIN if heard else min(BACKOFF_MAX, delay * 2)
                # Jitter: sidecars of a restarted mesh must not all come back at the same moment.
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
        finally:
            self._never_expire()

    def _heard(self, beat: bool) -> None:
        """Note a response; once there were heartbeats, the next one is due before the expiry."""
        self._never_expire()
        self._beating = self._beating or beat
        if self._beating:
            self._expire_later()

    def _expire_later(self) -> None:
        self._expiring = asyncio.get_running_loop().call_later(self._expiry, self._neutralise)

    def _never_expire(self) -> None:
        if self._expiring is not None:
            self._expiring.cancel()
            self._expiring = None

    async def _attempt(self) -> bool:
        """Hold one stream from start to end; return True if the mesh answered on it."""
        # A new queue: answers to the last stream's responses carry nonces that this one does not know.
        self._requests = asyncio.Queue()
        heard = self._beating = False
        try:
            async with open_channel(self._target, _OPTIONS) as channel:
                call = channel.stream_stream(
                    _PATH,
                    request_serializer=pb.DeltaDiscoveryRequest.SerializeToString,
                    response_deserializer=pb.DeltaDiscoveryResponse.FromString,
                    # Heartbeats are our own extension: only a client that asks for them gets them.
                )(None, metadata=((protocol.HEARTBEAT_KEY, "1"),))
                writer = asyncio.create_task(self._write(call))
                try:
                    async for response in call:
                        heard = self._connected = True
                        beat = response.type_url == protocol.HEARTBEAT
                        self._heard(beat)
                        # A heartbeat changes nothing, but restores a view that had expired.
                        if not beat or self._expired:
                            self._receive(response)
                finally:
                    writer.cancel()
        except grpc.aio.AioRpcError as error:
            if heard:
                logger.info("the mesh at %s went away: %s", self._target, error.details())
        finally:
            self._connected = False
        return heard

    async def _write(self, call: Any) -> None:
        opening = self._mirror.opening()
        # The first request names the node, the others need not repeat it.
        opening[0].node.CopyFrom(nodes.encode(self._node))
        try:
            for request in opening:
                await call.write(request)
            while True:
                await call.write(await self._requests.get())
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return  # the reader sees the same end and reports it

    def _receive(self, response: pb.DeltaDiscoveryResponse) -> None:
        # Every response is answered, by ACK or NACK: the server sends nothing more of a type before.
        for answer in self._mirror.receive(response):
            self._requests.put_nowait(answer)
        view = self._mirror.view()
        if view is None:
            return
        if self._expired:
            self._expired = False
            # A warning like the one it takes back: without configuration nothing less is shown.
            logger.warning("the mesh at %s answers", self._target)
        self._hand_over(view)

    def _neutralise(self) -> None:
        self._expiring, self._expired = None, True
        view = self._mirror.view()
        effect = (
            f"requests go where the application sends them; check {named('mesh')} and the collector there"
            if view is None
            else "its weights and ejections expire"
        )
        logger.warning(
            "nothing received from the mesh at %s for %g s: %s", self._target, self._expiry, effect
        )
        if view is not None:
            self._hand_over(neutral(view))

    def _hand_over(self, view: MeshView) -> None:
        # A response may change nothing that matters here; an equal view must not rebuild the router.
        if view != self._last_view:
            self._last_view = view
            self._on_view(view)


def _generation() -> str:
    return f"{random.getrandbits(32):08x}"


def neutral(view: MeshView) -> MeshView:
    """Return the same services and endpoints, all of equal weight and none ejected; draining stays."""
    return {
        name: replace(
            service,
            endpoints=tuple(
                replace(endpoint, weight=1.0, healthy=not endpoint.draining) for endpoint in service.endpoints
            ),
        )
        for name, service in view.items()
    }
