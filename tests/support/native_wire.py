"""The server's side of ClickHouse's native TCP protocol: its packets, nothing of what answers them.

Written against what clickhouse-driver sends and expects (its ``connection.py``), at the newest revision
the driver speaks. Blocks cross this module as they are: a column is walked with the driver's own
readers only to find where it ends, its bytes are kept.
"""

import socket
from dataclasses import dataclass, field
from struct import pack
from typing import Any, Final

from clickhouse_driver.block import BlockInfo
from clickhouse_driver.columns.service import read_column
from clickhouse_driver.connection import ServerInfo
from clickhouse_driver.context import Context

REVISION: Final = 54468
HELLO, DATA, EXCEPTION, PROGRESS, PONG, END_OF_STREAM, PROFILE_EVENTS = 0, 1, 2, 3, 4, 5, 14


@dataclass
class Query:
    """What a client asks. ``parameters`` are as ClickHouse parses them from text."""

    sql: str
    settings: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


class Source:
    """A reader with the methods the driver's columns use; remembers what it read."""

    def __init__(self, link: socket.socket | None = None, data: bytes = b"") -> None:
        self._file = link.makefile("rb") if link else None
        self._data = data
        self.position = 0
        self.taken = bytearray()

    def read(self, size: int) -> bytes:
        end = self.position + size
        found = self._file.read(size) if self._file else self._data[self.position : end]
        self.position = end
        if len(found) < size:
            raise EOFError
        self.taken += found
        return found

    def read_one(self) -> int:
        return self.read(1)[0]

    def read_strings(self, count: int, encoding: str | None = None) -> tuple[Any, ...]:
        return tuple(self.read(varint(self)) for _ in range(count))

    def at_end(self) -> bool:
        return not self._file and self.position >= len(self._data)

    def close(self) -> None:
        if self._file:
            self._file.close()


def varint(source: Source) -> int:
    value = shift = 0
    while True:
        byte = source.read_one()
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value


def number(value: int) -> bytes:
    """A varint."""
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*made, value))


def text(source: Source) -> str:
    return source.read(varint(source)).decode()


def string(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def hello(source: Source) -> tuple[str, str, str]:
    """Database, user and password of a client's hello, its packet type already read."""
    text(source)  # client name
    varint(source), varint(source)  # version
    revision = varint(source)
    assert revision == REVISION, f"the driver now speaks revision {revision}: follow it here"
    return text(source), text(source), text(source)


def welcome() -> bytes:
    """The server's hello: no rules for passwords, no nonce."""
    return b"".join(
        (
            number(HELLO),
            string("ClickHouse"),
            number(26),
            number(9),
            number(REVISION),
            string("UTC"),
            string("fixture"),
            number(2),
            number(0),
            pack("<Q", 0),
        )
    )


def query(source: Source) -> Query:
    """A query, its packet type already read."""
    text(source)  # id
    _client_info(source)
    settings = _settings(source)
    text(source)  # secret between servers
    varint(source)  # stage
    assert not varint(source), "the fixture does not compress"
    sql = text(source)
    parameters = {name: _unquoted(value) for name, value in _settings(source).items()}
    return Query(sql, settings, parameters)


def _client_info(source: Source) -> None:
    source.read(1)  # kind of query
    for _ in range(3):
        text(source)  # initial user, query and address
    source.read(8 + 1)  # start, interface
    for _ in range(3):
        text(source)  # user of the system, host, client
    for _ in range(3):
        varint(source)  # version
    text(source)  # quota key
    varint(source), varint(source)  # depth, patch
    if source.read_one():  # a trace of OpenTelemetry
        source.read(24), text(source), source.read(1)
    for _ in range(3):
        varint(source)  # parallel replicas


def _settings(source: Source) -> dict[str, str]:
    found = {}
    while name := text(source):
        varint(source)  # flags
        found[name] = text(source)
    return found


_ESCAPES: Final = {"b": "\b", "f": "\f", "r": "\r", "n": "\n", "t": "\t", "0": "\0", "a": "\a", "v": "\v"}


def _unquoted(literal: str) -> str:
    """The text inside a quoted literal, one level of escapes taken off, as the server does."""
    inside, made, position = literal[1:-1], [], 0
    while position < len(inside):
        letter = inside[position]
        if letter == "\\":
            position += 1
            letter = _ESCAPES.get(inside[position], inside[position])
        made.append(letter)
        position += 1
    return "".join(made)


def _context() -> Context:
    context = Context()
    context.settings = {}
    context.client_settings = {"strings_as_bytes": True, "strings_encoding": "utf-8", "use_numpy": False}
    context.server_info = ServerInfo("fixture", 26, 9, 2, REVISION, "UTC", "", REVISION)
    return context


_CONTEXT: Final = _context()


def received_block(source: Source) -> tuple[int, bytes]:
    """Rows of a block off the wire and the block as ``FORMAT Native`` has it, without its flags."""
    text(source)  # table name
    BlockInfo().read(source)
    return _copied(source, flagged=True, flag=b"")


def sent_block(source: Source) -> bytes:
    """The next block of ``FORMAT Native`` as a data packet."""
    _, block = _copied(source, flagged=False, flag=b"\0")
    return number(DATA) + string("") + _BLOCK_INFO + block


def header(columns: list[tuple[str, str]]) -> bytes:
    """A data packet with columns and no rows."""
    inside = b"".join(string(name) + string(kind) + b"\0" for name, kind in columns)
    return number(DATA) + string("") + _BLOCK_INFO + number(len(columns)) + number(0) + inside


def events() -> bytes:
    """What an insert costs, sent after each of its blocks: here nothing is counted."""
    return number(PROFILE_EVENTS) + string("") + _BLOCK_INFO + number(0) + number(0)


_BLOCK_INFO: Final = number(1) + b"\0" + number(2) + pack("<i", -1) + number(0)


def _copied(source: Source, *, flagged: bool, flag: bytes) -> tuple[int, bytes]:
    columns, rows = varint(source), varint(source)
    parts = [number(columns), number(rows)]
    for _ in range(columns):
        name, kind = text(source), text(source)
        parts += [string(name), string(kind), flag]
        if flagged:
            assert not source.read_one(), "the driver does not send sparse columns"
        source.taken.clear()
        if rows:
            read_column(_CONTEXT, kind, rows, source)
        parts.append(bytes(source.taken))
    return rows, b"".join(parts)


def exception(code: int, message: str) -> bytes:
    return b"".join(
        (
            number(EXCEPTION),
            pack("<i", code),
            string("DB::Exception"),
            string(f"DB::Exception: {message}"),
            string("0. the fixture"),
            b"\0",
        )
    )


def progress(rows: int, size: int) -> bytes:
    """Rows and bytes read; totals, written rows and time are zero."""
    return number(PROGRESS) + number(rows) + number(size) + number(0) * 5
