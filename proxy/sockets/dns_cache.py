"""The cache of host names: the addresses they have now, asked of the system's resolver.

In stage observe the sidecar does what the application's own resolver would have done. The system's is
asked, by getaddrinfo: it alone heeds /etc/hosts, nsswitch, search domains and whatever caches by TTL on
this machine. It tells no TTL, and so nothing is answered from memory that the application would have asked
for: each client connection asks anew, as the application does before it connects. Memory is for look-ups
that fail or take long, and for connections that live on.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from proxy.contract.address import join_address, split_address

# Applications may ask for names without end (a crawler): beyond that the names known longest are forgotten.
_MAX_NAMES: Final = 10000
# Addresses of one name: more than the largest fleets behind one name have, and a bound for hostile answers.
_MAX_ADDRESSES: Final = 256
# Seconds for which an answer is good: for a client connection that goes on to ask for the same name, for the
# question whether a name exists outside the mesh, and for an address that refused a connection.
LIFETIME: Final = 5.0
# Seconds for which last known addresses serve while the resolver fails (SERVFAIL, no answer). That it does
# not know the name (NXDOMAIN) ends them at once.
_STALE: Final = 60.0
# Seconds for which "no such name" is believed without asking: many new connections must not become as many
# questions, and a name that was just created is to be found.
_NEGATIVE: Final = 1.0
# Seconds for a look-up. The resolver gives up by itself, as it would for the application (resolv.conf(5):
# after 5 s and two attempts at each server); this is for one that never does.
_GIVE_UP: Final = 120.0
# What a resolver says of a name that has no address; its other errors say that it does not know now.
_NO_SUCH_NAME: Final = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}

# Look-ups of one name at once where each answer brings another single address (weighted records), and the
# seconds since the last other answer for which a name counts as one of these: also those asked for rarely.
_PARALLEL: Final = 6
_VARYING: Final = 300.0

Resolve = Callable[[str], Awaitable[Sequence[Any]]]
"""Returns what getaddrinfo returns for a host name. Raises OSError or UnicodeError."""


_Task = asyncio.Task[tuple[str, ...]]


class _Name:
    """The answers for one name: when the last one came, the last one with addresses, the last other one."""

    __slots__ = ("addresses", "asked", "changed", "found", "turn")

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ()
        self.asked = float("-inf")
        self.found = float("-inf")
        self.changed = float("-inf")
        self.turn = 0


class DnsCache:
    """Knows the addresses of host names. ``now`` is the coarse clock; the other times are seconds.

    ``patience`` is how long a look-up may take while older addresses are known, or while it is only to be
    found out whether a name exists; ``timeout`` bounds any other. ``resolve`` is for tests.
    """

    def __init__(
        self,
        now: Callable[[], float],
        patience: float = 0.2,
        timeout: float = _GIVE_UP,
        resolve: Resolve | None = None,
    ) -> None:
        self._now = now
        self._patience = patience
        self._timeout = timeout
        self._resolve = resolve or _getaddrinfo
        self._known: dict[str, _Name] = {}
        self._hosts: dict[str, str] = {}
        self._refused: dict[str, float] = {}
        # The tasks under way for each name, and when they began: a burst of requests to a name asks once, or
        # a few times where each answer brings another address.
        self._lookups: dict[str, list[tuple[_Task, float]]] = {}

    def host(self, address: str) -> str:
        """Return the host name in ``address`` (``host:port``), empty where that is an IP address."""
        host = self._hosts.get(address)
        if host is None:
            host = _name_in(address)
            _bound(self._hosts)
            self._hosts[address] = host
        return host

    def resolvable(self, host: str) -> bool | None:
        """True if the host has an address, as far as remembered; None when it must be looked up."""
        known = self._known.get(host)
        if known is None:
            return None
        if self._now() - known.asked > LIFETIME:
            self._refresh(host)  # the old answer serves until the new one is there
        return bool(known.addresses)

    def look_up(self, host: str, then: Callable[[], None]) -> None:
        """Ask the resolver; call ``then`` once ``resolvable`` knows the answer, never at once."""

        def answered(_: tuple[str, ...]) -> None:
            # A request must not wait for a name server that is away: it counts as one that knows no name.
            self._known.setdefault(host, _Name())
            then()

        self._wait(host, self._patience, answered)

    def resolve(self, address: str, then: Callable[[list[str]], None]) -> None:
        """Look up the host of ``address`` and call ``then`` later with its addresses, in the order to try.

        They are ``ip:port``; none says that the name has no address, or that nobody knows.
        """
        host, port = split_address(address)
        known = self._known.get(host)
        if known is not None and not known.addresses and self._now() - known.asked < _NEGATIVE:
            asyncio.get_running_loop().call_soon(then, [])
            return
        patience = self._patience if known is not None and known.addresses else self._timeout
        self._wait(host, patience, lambda found: then(self._order(host, port, found)))

    def holds(self, host: str, address: str) -> bool:
        """True if the last answer for ``host`` is recent and ``address`` (``ip:port``) is in it."""
        known = self._known.get(host)
        if known is None or self._now() - known.asked > LIFETIME:
            return False
        # Not ``split_address``, whose checks cost more than all of this: it runs for each request.
        return address.rpartition(":")[0].strip("[]") in known.addresses

    def refused(self, addresses: Iterable[str]) -> None:
        """Try these addresses (``ip:port``) after others for a while: nothing accepted there."""
        for address in addresses:
            _bound(self._refused)
            self._refused[address] = self._now()

    def _order(self, host: str, port: int, found: tuple[str, ...]) -> list[str]:
        """Return the addresses found in the order in which to try them; each call begins with another.

        Only those of the family that the resolver prefers take turns (RFC 6724); the others are for when
        these fail, families in turn (RFC 8305, 4).
        """
        if not found:
            return []
        before = self._now() - LIFETIME
        addresses = [join_address(address, port) for address in found]
        sound = [each for each in addresses if self._refused.get(each, before) <= before] or addresses
        six = sound[0].startswith("[")
        # Sorted, since resolvers rotate too: two rotations together can meet in one address for ever.
        preferred = sorted(each for each in sound if each.startswith("[") is six)
        turn = self._turn(host) % len(preferred)
        first, *later = preferred[turn:] + preferred[:turn]
        other = [each for each in sound if each.startswith("[") is not six]
        mixed = [each for pair in zip(other, later, strict=False) for each in pair]
        order = [first, *mixed, *other[len(later) :], *later[len(other) :]]
        return order + [each for each in addresses if each not in order]

    def _turn(self, host: str) -> int:
        known = self._known.setdefault(host, _Name())
        known.turn += 1
        return known.turn

    def _wait(self, host: str, patience: float, then: Callable[[tuple[str, ...]], None]) -> None:
        """Call ``then`` once with the answer, or with the last known one after ``patience`` seconds."""
        loop = asyncio.get_running_loop()
        task, began = self._refresh(host)
        waiting = True

        def proceed(ended: _Task | None = None) -> None:
            nonlocal waiting
            timer.cancel()
            if waiting:
                waiting = False
                # Each answer serves those that waited for it: of several, only one remains as the last.
                then(self._last(host) if ended is None or ended.cancelled() else ended.result())

        # Measured from its start: behind a name server that is silent only the first would wait.
        timer = loop.call_later(max(0.0, patience + began - loop.time()), proceed)
        # A callback of a task always runs in a later turn of the loop, also where the task has ended.
        task.add_done_callback(proceed)

    def _refresh(self, host: str) -> tuple[_Task, float]:
        under_way = self._lookups.setdefault(host, [])
        known = self._known.get(host)
        varying = known is not None and len(known.addresses) == 1 and self._now() - known.changed < _VARYING
        if len(under_way) >= (_PARALLEL if varying else 1):
            lookup = under_way.pop(0)
        else:
            loop = asyncio.get_running_loop()
            lookup = loop.create_task(self._look_up(host)), loop.time()
            lookup[0].add_done_callback(lambda _: self._ended(host, lookup))
        under_way.append(lookup)
        return lookup

    def _ended(self, host: str, lookup: tuple[_Task, float]) -> None:
        under_way = self._lookups[host]
        under_way.remove(lookup)
        if not under_way:
            del self._lookups[host]

    def _last(self, host: str) -> tuple[str, ...]:
        known = self._known.get(host)
        return known.addresses if known is not None else ()

    async def _look_up(self, host: str) -> tuple[str, ...]:
        addresses: tuple[str, ...] = ()
        lost = False
        try:
            addresses = _addresses(await self._resolve(host))
        # A label that is empty or longer than 63 bytes (RFC 1035, 2.3.4).
        except UnicodeError:
            pass
        except OSError as error:
            lost = error.errno not in _NO_SUCH_NAME
        known = self._known.get(host)
        if known is None:
            _bound(self._known)
            known = self._known[host] = _Name()
        now = self._now()
        # A resolver that fails has said nothing of the name: the next connection asks again.
        known.asked = now if not lost or known.addresses else float("-inf")
        if addresses:
            known.found = now
        elif lost and now - known.found <= _STALE:
            return known.addresses
        if addresses != known.addresses:
            known.addresses, known.changed = addresses, now
        return addresses


async def _getaddrinfo(host: str) -> Sequence[Any]:
    return await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)


def _addresses(found: Sequence[Any]) -> tuple[str, ...]:
    """Return the IP addresses in an answer of getaddrinfo, each once, in their order."""
    texts: dict[str, None] = {}
    for family, _, _, _, name in found[:_MAX_ADDRESSES]:
        # A link-local address means nothing without its interface (RFC 4007, 11).
        scoped = family == socket.AF_INET6 and name[3]
        texts[f"{name[0]}%{name[3]}" if scoped else name[0]] = None
    return tuple(texts)


def _name_in(address: str) -> str:
    host = split_address(address)[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""


def _bound(cache: dict[str, Any]) -> None:
    """Make room for one entry: the oldest one goes."""
    if len(cache) >= _MAX_NAMES:
        del cache[next(iter(cache))]
