"""Version, nonce and ACK bookkeeping of xDS, one type of resource on one stream, both ends.

``Subscriber`` is the client of the delta protocol; ``Publisher`` the server of both protocols.
Neither knows messages or resources, only names and versions, so that both are plain state.

Rules that matter: a rejected version is not sent again (clients that re-ask at once would loop);
one response per type is under way at a time, so that a slow client gets the latest and not the
backlog; a re-connecting client says what it holds and is sent only what differs.

Source: xDS protocol, envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

WILDCARD: Final = "*"
# The first character of a version of a resource that no route may lead to, as an assignment in which nothing
# is healthy. Part of the version, so that a client that comes back says which of the two it holds.
UNUSABLE: Final = "-"
_ABSENT: Final = ""
_KEPT: Final = "kept"  # no version of a catalog


class Acknowledgement(Enum):
    """The answer that a request gives to the response before it."""

    NONE = "none"
    ACK = "ack"
    NACK = "nack"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """The content of a delta request. ``nonce`` and ``error`` answer a response; ``error`` rejects it."""

    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    initial: Mapping[str, str] = field(default_factory=dict)
    nonce: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """The content of a response: names to send, names to announce as removed."""

    send: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Subscriber:
    """The client's end. It outlives streams: the next one begins with the versions it holds."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._held: dict[str, str] = {}

    def open(self) -> SubscriptionRequest:
        """Return the first request on a new stream."""
        return SubscriptionRequest(tuple(sorted(self._names)), initial=dict(self._held))

    def subscribe(self, names: Iterable[str]) -> SubscriptionRequest | None:
        """Change the subscription; return the request for it, None if nothing changes."""
        wanted = set(names)
        more, less = wanted - self._names, self._names - wanted
        self._names = wanted
        for name in less:
            self._held.pop(name, None)
        return SubscriptionRequest(tuple(sorted(more)), tuple(sorted(less))) if more or less else None

    def acknowledge(
        self, nonce: str, versions: Mapping[str, str], removed: Iterable[str], error: str = ""
    ) -> SubscriptionRequest:
        """Return the answer to a response: ``versions`` are in use now, ``error`` says why the rest is not.

        Good resources count even beside a bad one: the server will not send them again.
        """
        # A name that was unsubscribed while its response was under way must not count as held.
        self._held.update({name: version for name, version in versions.items() if self._subscribed(name)})
        for name in removed:
            self._held.pop(name, None)
        return SubscriptionRequest(nonce=nonce, error=error)

    def _subscribed(self, name: str) -> bool:
        return WILDCARD in self._names or name in self._names


class Publisher:
    """The server's end.

    ``delta`` or the state of the world; of the latter, ``whole`` repeats everything whenever
    anything changes (clusters), else only what changed is sent (assignments).
    """

    def __init__(self, *, delta: bool, whole: bool = False) -> None:
        self._delta = delta
        self._whole = whole
        self._wildcard = False
        self._names: set[str] = set()
        self._held: dict[str, str] = {}  # versions as sent; "" for a name that was announced as removed
        self._nonce = ""
        self._fresh: set[str] = set()  # usable by the response under way, not before it
        self._subscribed_once = self._awaiting = self._answered = self._rejected = False
        self.resumed = False
        """True if the client already held resources when it subscribed."""

    def receive_delta(self, request: SubscriptionRequest) -> Acknowledgement:
        """Take a delta request; return its answer to the last response."""
        answer = self._acknowledged(request.nonce, request.error)
        if not self._subscribed_once:
            self._subscribed_once = True
            # A first request without names subscribes to everything, as it did before "*" existed.
            self._wildcard = not request.subscribe
            self._held = dict(request.initial)
            self.resumed = bool(request.initial)
        for name in request.subscribe:
            if name in self._names:
                self._held.pop(name, None)  # subscribing again asks for it again
            self._names.add(name)
        for name in request.unsubscribe:
            self._wildcard = self._wildcard and name != WILDCARD
            self._names.discard(name)
            if not self._wildcard:
                self._held.pop(name, None)
        self._wildcard = self._wildcard or WILDCARD in self._names
        self._names.discard(WILDCARD)
        return answer

    def receive_sotw(self, names: Iterable[str], version: str, nonce: str, error: str) -> Acknowledgement:
        """Take a state-of-the-world request; ``names`` are all that is wanted from now on."""
        # An answer to a response before the last one: a newer one is under way, and its answer decides.
        if self._subscribed_once and nonce != self._nonce:
            return Acknowledgement.STALE
        answer = self._acknowledged(nonce, error)
        wanted = set(names)
        if not self._subscribed_once:
            self._subscribed_once = True
            self._wildcard = not wanted
            self.resumed = bool(version)
        self._wildcard = WILDCARD in wanted or (self._wildcard and not wanted)
        self._names = wanted - {WILDCARD}
        if not self._wildcard:
            self._held = {name: held for name, held in self._held.items() if name in self._names}
        return answer

    def ready(self, catalog: Mapping[str, str]) -> bool:
        """True if routes may lead to all that the client wants of ``catalog``, versions by name.

        It then has answered for some usable version of each, not always for the newest: where versions
        change faster than a slow client answers, it would never have that.
        """
        wanted = self._wanted(catalog)
        return all(
            _usable(self._held.get(name)) and name not in self._fresh
            for name, version in catalog.items()
            if name in wanted and _usable(version)
        )

    def accepted(self, catalog: Mapping[str, str]) -> bool:
        """True if the client uses all that it wants of ``catalog``; one that never asked wants nothing."""
        wanted = self._wanted(catalog)
        held = all(self._held.get(name) == version for name, version in catalog.items() if name in wanted)
        return held and not self._awaiting and not self._rejected

    def due(self, catalog: Mapping[str, str], *, hold: bool = False, keep: bool = False) -> Change | None:
        """Return what the client lacks of ``catalog``, versions by name; None if nothing is to be sent.

        A delta client's first request is always answered, if need be with nothing: clients take the
        first answer as the sign that they are connected; ``hold`` keeps everything else back.
        With ``keep`` the client keeps, as it has it, what routes may lead to now and then no more.
        """
        # One response of a type under way: a slow client then gets the newest state next, not a backlog.
        if not self._subscribed_once or self._awaiting:
            return None
        if hold:
            return Change() if self._delta and not self._answered else None
        wanted = self._wanted(catalog)
        send = {name for name in wanted if name in catalog and self._held.get(name) != catalog[name]}
        gone = {name for name in wanted if name not in catalog and self._held.get(name) != _ABSENT}
        kept: set[str] = set()
        if keep:
            kept = {
                name
                for name in send | gone
                if _usable(self._held.get(name)) and not _usable(catalog.get(name))
            }
            send, gone = send - kept, gone - kept
        if self._delta:
            needed = bool(send or gone) or not self._answered
        else:
            needed = bool(send) or (self._whole and bool(gone))
            gone = set()
            if self._whole:
                send = kept | {name for name in wanted if name in catalog}
        return Change(tuple(sorted(send)), tuple(sorted(gone))) if needed else None

    def mark_sent(self, change: Change, catalog: Mapping[str, str], nonce: str) -> None:
        """Note that a response with this change is on its way."""
        self._fresh = {name for name in change.send if not _usable(self._held.get(name))}
        if self._whole:
            self._held = {}
        for name in change.send:
            # A whole response repeats what the client is to keep, which the catalog may have no more.
            self._held[name] = catalog.get(name, _KEPT)
        for name in change.removed:
            if name in self._names:
                self._held[name] = _ABSENT
            else:
                self._held.pop(name, None)
        self._nonce, self._awaiting, self._answered = nonce, True, True

    def _wanted(self, catalog: Mapping[str, str]) -> set[str]:
        return self._names if not self._wildcard else {*catalog, *self._held, *self._names}

    def _acknowledged(self, nonce: str, error: str) -> Acknowledgement:
        if not nonce:
            return Acknowledgement.NONE
        if nonce != self._nonce:
            return Acknowledgement.STALE
        self._awaiting, self._rejected = False, bool(error)
        self._fresh = set()
        return Acknowledgement.NACK if error else Acknowledgement.ACK


def _usable(version: str | None) -> bool:
    return version is not None and version != _ABSENT and not version.startswith(UNUSABLE)
