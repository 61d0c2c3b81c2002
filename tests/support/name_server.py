"""A DNS server whose records a test changes while it runs (RFC 1035, UDP)."""

import asyncio
import ipaddress
import struct
from dataclasses import dataclass, field

A, AAAA = 1, 28
NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME = 0, 2, 3
_IN = 1


@dataclass
class Records:
    """What is known of one name.

    ``one_by_one`` answers with one address at a time, in turn; otherwise all are given, each time beginning
    with another. ``silent`` gives no answer at all.
    """

    addresses: list[str] = field(default_factory=list)
    code: int = NO_ERROR
    one_by_one: bool = False
    silent: bool = False
    ttl: int = 60
    asked: int = 0

    def answer(self, kind: int) -> list[bytes]:
        version = 4 if kind == A else 6
        texts = [ipaddress.ip_address(address) for address in self.addresses]
        found = [address.packed for address in texts if address.version == version]
        self.asked += kind == A
        if not found:
            return []
        turn = self.asked % len(found)
        return [found[turn]] if self.one_by_one else found[turn:] + found[:turn]


class NameServer(asyncio.DatagramProtocol):
    """Answers by ``names``; others do not exist."""

    def __init__(self) -> None:
        self.names: dict[str, Records] = {}

    async def start(self, host: str) -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, (host, 53))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        end = data.index(0, 12) + 5  # of the question: labels, a zero, type and class
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        kind = struct.unpack_from("!H", data, at + 1)[0]
        records = self.names.get(".".join(labels).lower(), Records(code=NO_SUCH_NAME))
        if records.silent:
            return
        found = records.answer(kind) if kind in (A, AAAA) and not records.code else []
        # A response, recursion desired and available.
        head = data[:2] + struct.pack("!HHHHH", 0x8180 | records.code, 1, len(found), 0, 0)
        # The name is a pointer to the question (RFC 1035, 4.1.4).
        answers = [struct.pack("!HHHIH", 0xC00C, kind, _IN, records.ttl, len(each)) + each for each in found]
        self._transport.sendto(head + data[12:end] + b"".join(answers), address)  # type: ignore[attr-defined]  # UDP
