"""The recorder of calls: facts to one histogram entry and, when sampled, one span. Pure.

What repeats between requests (name, method, route, status, peer) is encoded once into a shape,
looked up by one key; the shape also holds the histogram the request is counted in. Times are
monotonic nanoseconds; ``epoch`` added to them gives nanoseconds since 1970.
"""

import re
from collections.abc import Callable, Hashable
from typing import Any, Final

from proxy.contract import attributes
from proxy.contract.address import split_address
from proxy.contract.traffic import Answer
from proxy.contract.transport.peer import Peer
from proxy.errors import CLIENT_FAULTS
from proxy.telemetry import otlp
from proxy.telemetry.facts import CallFacts, PeerFacts
from proxy.telemetry.meter import Meter, Series
from proxy.telemetry.route_template import Routes
from proxy.telemetry.trace_context import SAMPLED

# Entries of each cache. A full one is emptied: cheaper than an LRU order on every look-up, and the entries
# in use are back within moments.
_MAX_CACHED: Final = 8192
_METHOD: Final = otlp.Attribute(attributes.METHOD)
_STATUS: Final = otlp.Attribute(attributes.STATUS)
_ROUTE: Final = otlp.Attribute(attributes.ROUTE)
_URL_FULL: Final = otlp.Attribute(attributes.URL_FULL)
_URL_PATH: Final = otlp.Attribute(attributes.URL_PATH)
_URL_QUERY: Final = otlp.Attribute(attributes.URL_QUERY)
_URL_SCHEME: Final = otlp.Attribute(attributes.URL_SCHEME)
_SERVER_ADDRESS: Final = otlp.Attribute(attributes.SERVER_ADDRESS)
_SERVER_PORT: Final = otlp.Attribute(attributes.SERVER_PORT)
_CLIENT_ADDRESS: Final = otlp.Attribute(attributes.CLIENT_ADDRESS)
_PEER_ADDRESS: Final = otlp.Attribute(attributes.PEER_ADDRESS)
_PEER_PORT: Final = otlp.Attribute(attributes.PEER_PORT)
_ERROR: Final = otlp.Attribute(attributes.ERROR_TYPE)
_PEER_SERVICE: Final = otlp.Attribute(attributes.PEER_SERVICE)
_CALLER: Final = otlp.Attribute(attributes.CALLER)
_ENDPOINT: Final = otlp.Attribute(attributes.ENDPOINT)
_ARM: Final = otlp.Attribute(attributes.ARM)
_RESEND: Final = otlp.Attribute(attributes.RESEND_COUNT)
_TLS: Final = otlp.Attribute(attributes.TLS)

# Methods whose successful responses have no body (RFC 9110, 9.3.2 and 9.3.6): CONNECT opens a tunnel.
_BODILESS: Final = ("HEAD", "CONNECT")
# Query parameters whose values the HTTP conventions ask to hide.
_SECRET: Final = re.compile(rb"(?i)\b(AWSAccessKeyId|Signature|sig|X-Goog-Signature)=[^&]*")


class Path:
    """The route of a path and its encoded ``url.path``."""

    __slots__ = ("encoded", "route")

    def __init__(self, route: str, encoded: bytes) -> None:
        self.route = route
        self.encoded = encoded


class Shape:
    """The encoded attributes and the series that all requests of one key share.

    ``sizes`` is the series of the sizes of their responses' bodies, None where these say nothing.
    """

    __slots__ = ("pieces", "series", "sizes")

    def __init__(self, series: Series, pieces: bytes, sizes: Series | None = None) -> None:
        self.series = series
        self.pieces = pieces
        self.sizes = sizes


def peer_facts(peer: Peer, *, client: bool) -> PeerFacts:
    """Encode the other end of a connection; ``client`` when that end called."""
    if peer.address is None:
        return PeerFacts(encrypted=peer.encrypted)
    host, port = peer.address
    encoded = _PEER_ADDRESS.text(host) + _PEER_PORT.number(port)
    return PeerFacts(encoded + _CLIENT_ADDRESS.text(host) if client else encoded, encrypted=peer.encrypted)


class CallRecorder:
    """Counts every call in ``meter`` and hands the spans of sampled ones to ``keep``."""

    def __init__(self, meter: Meter, keep: Callable[[bytes], None], epoch: int) -> None:
        self.epoch = epoch
        self._meter = meter
        self._keep = keep
        self._routes = Routes()
        self._paths: dict[bytes, Path] = {}
        self._hosts: dict[bytes, bytes] = {}
        self._shapes: dict[Hashable, Shape] = {}
        self._evicted = 0

    def server(self, call: CallFacts) -> None:
        """Record one inbound call, by what its client was answered."""
        raw_path, _, query = call.target.partition(b"?")
        path = self._paths.get(raw_path) or self._path(raw_path)
        peer = call.client_peer
        key = (
            call.method,
            path.route,
            call.client_status,
            call.answer,
            call.error,
            call.caller,
            peer.encrypted,
        )
        shape = self._shapes.get(key) or self._server_shape(key)
        pieces = b""
        if call.trace.flags & SAMPLED:
            host = self._hosts.get(call.authority)
            if host is None:
                host = self._host(call.authority)
            pieces = shape.pieces + path.encoded + peer.attributes + host
            if query:
                pieces += _query(query)
        self._record(call, shape.series, pieces)

    def client(self, call: CallFacts) -> None:
        """Record one attempt at an outbound call, by what its destination answered."""
        peer = call.upstream_peer
        raw_path = call.target.partition(b"?")[0]
        path = self._paths.get(raw_path) or self._path(raw_path)
        key = (
            call.method,
            path.route,
            call.status,
            call.answer,
            call.error,
            call.service,
            call.endpoint,
            call.server,
            call.arm,
            peer.encrypted,
        )
        shape = self._shapes.get(key) or self._client_shape(key)
        pieces = b""
        if call.trace.flags & SAMPLED:
            # OPTIONS * asks for the options of the server, whose address has no path.
            url = b"http://" + call.authority + (call.target if call.target != b"*" else b"")
            # Queries are rare, and a regular expression over each URL is not free.
            full = _SECRET.sub(rb"\1=REDACTED", url) if b"?" in url else url
            pieces = shape.pieces + peer.attributes + _URL_FULL.text(full)
            if call.resends:
                pieces += _RESEND.number(call.resends)
        if shape.sizes is not None:
            shape.sizes.histogram.record(call.size)
        self._record(call, shape.series, pieces)

    def refused(self, status: int, reason: str) -> None:
        """Count a request that was refused before anything of it could be known."""
        # The value that the HTTP conventions prescribe for a method that is unknown or was not read.
        method = "_OTHER"
        given = {attributes.METHOD: method, **_outcome(status, reason)}
        # Zero seconds: nothing was served, but the refusal must count among the server's requests.
        self._meter.series(attributes.SERVER_DURATION, given).histogram.record(0.0)

    def tidy(self) -> None:
        """Forget shapes whose series the meter forgot."""
        if self._evicted != self._meter.evicted:
            self._evicted = self._meter.evicted
            # A shape holds its series by reference: counting into a forgotten one would lose the calls
            # silently.
            self._shapes.clear()

    def _record(self, call: CallFacts, series: Series, pieces: bytes) -> None:
        """Count the call; its span is made of ``pieces`` where it is sampled."""
        seconds = (call.end - call.start) * 1e-9
        series.histogram.record(seconds)
        if not pieces:
            return
        epoch, trace = self.epoch, call.trace
        start, end = call.start + epoch, call.end + epoch
        # The last sampled call is as good as any other, and needs no choice.
        series.exemplar = (seconds, end, trace.trace_id, trace.span_id)
        self._keep(otlp.span(trace, start, end, pieces))

    def _path(self, raw: bytes) -> Path:
        text = raw.decode("utf-8", "replace")
        path = Path(self._routes.of(text), _URL_PATH.text(text))
        _bound(self._paths)
        self._paths[raw] = path
        return path

    def _server_shape(self, key: tuple[bytes, str, int, Answer | None, str, bytes, bool]) -> Shape:
        raw_method, route, status, answer, error, raw_caller, encrypted = key
        # 255 bytes are enough for any service name; a caller must not make our metrics larger at will.
        method, caller = raw_method.decode(), raw_caller.decode("utf-8", "replace")[:255]
        outcome = _outcome(status, error, answer)
        series = self._meter.series(
            attributes.SERVER_DURATION,
            {
                attributes.CALLER: caller,
                attributes.METHOD: method,
                attributes.ROUTE: route,
                attributes.TLS: _established(method, encrypted),
                **outcome,
            },
        )
        failure = outcome.get(attributes.ERROR_TYPE, "")
        pieces = otlp.constant(f"{method} {route}", otlp.KIND_SERVER, bool(failure))
        pieces += _METHOD.text(method) + _ROUTE.text(route)
        pieces += _URL_SCHEME.text("https") + _TLS.truth(True) if encrypted else _URL_SCHEME.text("http")
        pieces += _STATUS.number(status) if status else b""
        pieces += (_CALLER.text(caller) if caller else b"") + (_ERROR.text(failure) if failure else b"")
        return self._remember(key, Shape(series, pieces))

    def _client_shape(
        self, key: tuple[bytes, str, int, Answer | None, str, str, str, str, str, bool]
    ) -> Shape:
        raw_method, route, status, answer, error, service, endpoint, server, arm, encrypted = key
        method = raw_method.decode()
        outcome = _outcome(status, error, answer)
        series = self._meter.series(
            attributes.CLIENT_DURATION,
            {
                attributes.PEER_SERVICE: service,
                attributes.ENDPOINT: endpoint,
                attributes.METHOD: method,
                attributes.ROUTE: route,
                attributes.ARM: arm,
                attributes.TLS: _established(method, encrypted),
                **outcome,
            },
        )
        # The conventions call 4xx an error of the client's span, though not a failure of the server.
        failure = outcome.get(attributes.ERROR_TYPE) or (str(status) if status >= 400 else "")
        host, port = split_address(server)
        pieces = otlp.constant(f"{method} {route}", otlp.KIND_CLIENT, bool(failure))
        pieces += _METHOD.text(method) + _SERVER_ADDRESS.text(host) + _SERVER_PORT.number(port)
        pieces += _PEER_SERVICE.text(service) + (_TLS.truth(True) if encrypted else b"")
        pieces += _ENDPOINT.text(endpoint) + _ARM.text(arm) if endpoint else b""
        pieces += (_STATUS.number(status) if status else b"") + (_ERROR.text(failure) if failure else b"")
        success = outcome[attributes.STATUS_CLASS] == "2xx" and not outcome[attributes.ANSWER]
        sizes = None
        if success and endpoint and method not in _BODILESS:
            sizes = self._sizes(service, endpoint, arm)
        return self._remember(key, Shape(series, pieces, sizes))

    def _sizes(self, service: str, endpoint: str, arm: str) -> Series:
        """Return the series of the sizes of an endpoint's successful responses in one arm.

        Without method and route: few series are enough to compare the arms, which get the same mix of these.
        """
        labels = {attributes.PEER_SERVICE: service, attributes.ENDPOINT: endpoint, attributes.ARM: arm}
        return self._meter.series(attributes.CLIENT_BODY_SIZE, labels)

    def _remember(self, key: Hashable, shape: Shape) -> Shape:
        _bound(self._shapes)
        self._shapes[key] = shape
        return shape

    def _host(self, host: bytes) -> bytes:
        text = host.decode("ascii", "replace")
        try:
            name, port = split_address(text)
            encoded = _SERVER_ADDRESS.text(name) + _SERVER_PORT.number(port)
        except ValueError:
            encoded = _SERVER_ADDRESS.text(text) if text else b""
        _bound(self._hosts)
        self._hosts[host] = encoded
        return encoded


def _query(query: bytes) -> bytes:
    return _URL_QUERY.text(_SECRET.sub(rb"\1=REDACTED", query).decode("utf-8", "replace"))


def _outcome(status: int, error: str, answer: Answer | None = None) -> dict[str, str]:
    """Return status class and error type of a metric; a response cut short counts as none.

    A fault of the client is named, and is no failure of the server. The class of the ``answer`` is there
    where the status class alone says another.
    """
    if error in CLIENT_FAULTS:
        kind = "4xx"
    elif not status or (error and status < 400):
        kind = "error"
    else:
        kind = f"{status // 100}xx"
    failure = error or (str(status) if attributes.is_failure(status) else "")
    special = answer is not None and not error and answer is not Answer.of_class(kind)
    kinds = {attributes.STATUS_CLASS: kind, attributes.ANSWER: str(answer) if special else ""}
    return {**kinds, attributes.ERROR_TYPE: failure}


def _established(method: str, encrypted: bool) -> str:
    """Return the value of ``tls.established``; empty for a tunnel, whose own bytes may be anything."""
    return "true" if encrypted else "" if method == "CONNECT" else "false"


def _bound(cache: dict[Any, Any]) -> None:
    if len(cache) >= _MAX_CACHED:
        cache.clear()
