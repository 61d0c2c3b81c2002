"""Via and X-Forwarded-*, where they are asked for: exchanges that write them into what they pass on.

Sources: RFC 9110, 7.6.3 (Via). X-Forwarded-* have no standard; as most proxies do, -For grows by one
address, -Proto and -Host are set once, by the first on the way.
"""

from collections.abc import Callable

from proxy.http.exchange import Exchange
from proxy.http.headers import Field, RequestHead, ResponseHead
from proxy.http.listener_context import ListenerContext
from proxy.http.protocols import Client

_FOR = b"x-forwarded-for"
_PROTO = b"x-forwarded-proto"
_HOST = b"x-forwarded-host"


class Signed(Exchange):
    """An exchange whose responses carry Via."""

    via = b""

    def on_interim(self, head: ResponseHead) -> None:
        head.fields = [*head.fields, (b"via", b"1.1 " + self.via)]
        super().on_interim(head)

    def on_response(self, head: ResponseHead) -> None:
        head.fields = [*head.fields, (b"via", b"1.1 " + self.via)]
        super().on_response(head)


def exchanges(via: str, forwarded: bool) -> Callable[..., Exchange]:
    """What makes exchanges with these fields: ``via`` is our name in Via, empty for no Via."""
    name = via.encode()

    def make(client: Client, head: RequestHead, context: ListenerContext) -> Exchange:
        if forwarded:
            head.fields = with_forwarded(head.fields, client.host().encode(), head.host or b"")
        if not name:
            return Exchange(client, head, context)
        version = b"1.0 " if head.http10 else b"1.1 "
        head.fields = [*head.fields, (b"via", version + name)]
        exchange = Signed(client, head, context)
        exchange.via = name
        return exchange

    return make


def with_forwarded(fields: list[Field], client: bytes, host: bytes) -> list[Field]:
    """The fields with X-Forwarded-For, -Proto and -Host; several of the first become one."""
    names = {name.lower() for name, _ in fields}
    before = [value.strip() for name, value in fields if name.lower() == _FOR]
    kept = [field for field in fields if field[0].lower() != _FOR]
    kept.append((_FOR, b", ".join([*before, client])))
    if _PROTO not in names:
        kept.append((_PROTO, b"http"))
    if _HOST not in names and host:
        kept.append((_HOST, host))
    return kept
