"""gRPC ports and channels.

gRPC has a TLS of its own (BoringSSL), which takes PEM and no Python context: the material of a ``Tls`` is
passed on to it. A server asks for it before each handshake. A channel keeps what it was made with, so
whoever holds one for long holds a ``RenewedChannel``.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, cast
from urllib.parse import unquote

import grpc

from proxy.contract.transport.peer import Peer, spiffe_id
from proxy.contract.transport.streams import reserve
from proxy.contract.transport.tls import Material, Tls

Options = Sequence[tuple[str, Any]]

_RETIRE_SECONDS: Final = (
    30.0  # for calls on a channel that is replaced; none of ours takes longer to be answered
)


def add_port(
    server: grpc.aio.Server, option: str, address: str, *, tls: Tls | None = None, mutual: bool = True
) -> int:
    """Let ``server`` listen on ``address`` (``host:port``) and return its port.

    With ``tls`` clients must show a trusted certificate if ``mutual``. Raises ConfigError that names
    ``option`` and the fix.
    """
    # gRPC itself would only write to its log that an address cannot be listened on.
    reserve(option, address).close()
    if tls is None:
        return int(server.add_insecure_port(address))
    return int(server.add_secure_port(address, _server_credentials(tls, mutual)))


def open_channel(
    target: str, options: Options, *, tls: Tls | None = None, server_name: str = ""
) -> grpc.aio.Channel:
    """Return a channel to ``target`` (``host:port``), whose TLS material stays that of now.

    gRPC verifies a server by a DNS name of its certificate alone: ``server_name``, else the host.
    """
    if tls is None:
        return grpc.aio.insecure_channel(target, options=options)
    material = tls.material
    credentials = grpc.ssl_channel_credentials(material.trust, material.key, material.chain)
    named = [("grpc.ssl_target_name_override", server_name)] if server_name else []
    return grpc.aio.secure_channel(target, credentials, options=[*options, *named])


class RenewedChannel:
    """A channel to one target that is made anew when the TLS material was replaced.

    Calls on the old channel end on it; ``close`` ends all.
    """

    def __init__(
        self, target: str, options: Options, *, tls: Tls | None = None, server_name: str = ""
    ) -> None:
        self._target = target
        self._options = options
        self._tls = tls
        self._server_name = server_name
        self._channel: grpc.aio.Channel | None = None
        self._material: Material | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> bool:
        """True if a connection is open."""
        return self._channel is not None and self._channel.get_state() is grpc.ChannelConnectivity.READY

    def current(self) -> grpc.aio.Channel:
        """Return the channel to use for the next call."""
        material = self._tls.material if self._tls is not None else None
        # By identity: new material is a new object, and comparing keys byte by byte is not needed.
        if self._channel is not None and material is not self._material:
            retiring = asyncio.ensure_future(self._channel.close(_RETIRE_SECONDS))
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)
            self._channel = None
        if self._channel is None:
            # Made here and not before: a channel belongs to the loop that is running.
            self._material = material
            self._channel = open_channel(
                self._target, self._options, tls=self._tls, server_name=self._server_name
            )
        return self._channel

    async def close(self) -> None:
        """Close at once, with whatever is under way."""
        for retiring in self._retiring:
            retiring.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close(None)
            self._channel = None


def peer_of_call(context: grpc.aio.ServicerContext[Any, Any]) -> Peer:
    """Return who called, from a server's context."""
    facts = context.auth_context()
    names = facts.get("peer_spiffe_id", ())
    return Peer(
        _address(context.peer()),
        spiffe_id(name.decode("utf-8", "replace") for name in names),
        encrypted=b"ssl" in facts.get("transport_security_type", ()),
    )


def _server_credentials(tls: Tls, mutual: bool) -> grpc.ServerCredentials:
    served = tls.material

    def newest() -> grpc.ServerCertificateConfiguration | None:
        """Asked by gRPC before each handshake, on a thread of its own; None is "as before"."""
        nonlocal served
        if tls.material is served:
            return None
        served = tls.material
        return _configuration(served)

    # The type stub does not know that gRPC takes None for an answer.
    fetcher = cast(Callable[[], grpc.ServerCertificateConfiguration], newest)
    return grpc.dynamic_ssl_server_credentials(_configuration(served), fetcher, mutual)


def _configuration(material: Material) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(material.key, material.chain)], material.trust)


def _address(peer: str) -> tuple[str, int] | None:
    """Read gRPC's notation of a peer, ``ipv4:10.0.0.1:4242`` or ``ipv6:%5B::1%5D:4242``; None for others."""
    scheme, _, rest = unquote(peer).partition(":")
    if scheme not in ("ipv4", "ipv6"):
        return None
    host, _, port = rest.rpartition(":")
    # A listener on both families sees IPv4 callers as mapped addresses (RFC 4291, 2.5.5.2).
    return host.removeprefix("[").removesuffix("]").removeprefix("::ffff:"), int(port)
