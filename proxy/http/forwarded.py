"""Via and X-Forwarded-*, added to heads where they are asked for. Pure.

Sources: RFC 9110, 7.6.3 (Via). X-Forwarded-* have no standard; as most proxies do, -For grows by one
address, -Proto and -Host are set once, by the first proxy on the way.
"""

from collections.abc import Callable
from typing import Final

from proxy.http.listener_context import ListenerContext
from proxy.http.messages import RequestHead, ResponseHead

_FOR: Final = b"x-forwarded-for"
_PROTO: Final = b"x-forwarded-proto"
_HOST: Final = b"x-forwarded-host"


def add_hop(head: RequestHead, client: Callable[[], str], context: ListenerContext) -> None:
    """Add to a request what its listener is to add; ``client`` returns the client's address."""
    if context.forwarded:
        add_forwarded(head, client().encode())
    add_via(head, context.via)


def add_via(head: RequestHead | ResponseHead, name: bytes) -> None:
    """Name ourselves in Via, after the version in which the message was received; no name adds nothing."""
    if name:
        head.fields = [*head.fields, (b"via", head.version + b" " + name)]


def add_forwarded(head: RequestHead, client: bytes) -> None:
    """Add the client's address, the scheme and the authority; several X-Forwarded-For become one."""
    names = {name.lower() for name, _ in head.fields}
    # Several fields of one name are one list (RFC 9110, 5.3); many applications read the first field only.
    before = [value.strip() for name, value in head.fields if name.lower() == _FOR]
    fields = [field for field in head.fields if field[0].lower() != _FOR]
    fields.append((_FOR, b", ".join([*before, client])))
    if _PROTO not in names:
        fields.append((_PROTO, b"http"))
    if _HOST not in names and head.authority:
        fields.append((_HOST, head.authority))
    head.fields = fields
