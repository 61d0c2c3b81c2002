"""A ClickHouse server for tests: the native TCP protocol in front of the engine in this process.

It answers clickhouse-driver as a server does: hello with user and password, queries with settings and
parameters, inserts, exceptions with their codes, progress, end of stream; plain or over TLS. It can be
stopped and started again on its port. What it does not do: compression, cancelling, external tables.
"""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from collector.clickhouse.database import StoreError
from collector.clickhouse.embedded import EmbeddedSession, EmbeddedStore
from tests.support import native_wire as wire

CERTIFICATE: Final = Path(__file__).parent / "localhost.pem"
# Settings the embedded engine has no say in, or that are the session's own already.
_NOT_PASSED: Final = {"async_insert", "session_timezone"}
_INSERT: Final = re.compile(r"\s*INSERT\s+INTO\s+(\S+)\s*\(([^)]*)\)(.*?)VALUES\s*$", re.DOTALL)
_CODE: Final = re.compile(r"Code: (\d+)")


class NativeServer:
    """Serves a store's engine; ``with`` or start and stop."""

    def __init__(
        self, store: EmbeddedStore, user: str = "default", password: str = "", *, tls: bool = False
    ) -> None:
        self._store = store
        self._known = (user, password)
        self._tls = tls
        self.port = 0
        self.queries: list[str] = []
        self._links: set[socket.socket] = set()
        self._lock = threading.Lock()

    def url(self, user: str = "default", password: str = "", database: str = "default") -> str:
        scheme = "clickhouses" if self._tls else "clickhouse"
        trust = f"?ca_certs={CERTIFICATE}" if self._tls else ""
        return f"{scheme}://{user}:{password}@localhost:{self.port}/{database}{trust}"

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and every connection, in the middle of what they do."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for link in self._links:
                with suppress(OSError):
                    link.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with suppress(OSError, EOFError), link:
            if self._tls:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(CERTIFICATE)
                link = context.wrap_socket(link, server_side=True)
            with self._lock:
                self._links.add(link)
            connection = _Connection(self, link)
            try:
                connection.run()
            finally:
                with self._lock:
                    self._links.discard(link)
                connection.close()

    def session(self, settings: dict[str, str], database: str) -> EmbeddedSession:
        """Raises StoreError when there is no such database."""
        passed: dict[str, Any] = {key: value for key, value in settings.items() if key not in _NOT_PASSED}
        session = self._store.connect(passed)
        assert isinstance(session, EmbeddedSession)
        session.execute(f"USE `{database}`")
        return session

    def lets_in(self, user: str, password: str) -> bool:
        return (user, password) == self._known


class _Connection:
    """One client."""

    def __init__(self, server: NativeServer, link: socket.socket) -> None:
        self._server = server
        self._link = link
        self._source = wire.Source(link)
        self._sessions: dict[tuple[tuple[str, str], ...], EmbeddedSession] = {}

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        self._source.close()
        self._link.close()

    def run(self) -> None:
        assert wire.varint(self._source) == wire.HELLO
        database, user, password = wire.hello(self._source)
        if not self._server.lets_in(user, password):
            self._send(wire.exception(516, f"{user}: Authentication failed: password is incorrect."))
            return
        self._database = database or "default"
        try:
            self._server.session({}, self._database).close()
        except StoreError as error:
            self._send(_failure(error))
            return
        self._send(wire.welcome())
        wire.text(self._source)  # addendum: the quota key
        while True:
            self._source.taken.clear()
            kind = wire.varint(self._source)
            if kind == 4:  # ping
                self._send(wire.number(wire.PONG))
            else:
                assert kind == 1, f"packet {kind} where a query should be"
                self._answer(wire.query(self._source))

    def _answer(self, query: wire.Query) -> None:
        assert wire.varint(self._source) == 2
        rows, _ = wire.received_block(self._source)
        assert not rows, "the fixture takes no external tables"
        self._server.queries.append(query.sql)
        try:
            session = self._session(query.settings)
        except StoreError as error:
            self._send(_failure(error))
            return
        if insert := _INSERT.match(query.sql):
            self._insert(session, query.sql, insert[1], insert[2])
        else:
            self._select(session, query)

    def _session(self, settings: dict[str, str]) -> EmbeddedSession:
        """Settings are a session's in the engine, a query's on the wire."""
        key = tuple(sorted(settings.items()))
        if key not in self._sessions:
            self._sessions[key] = self._server.session(settings, self._database)
        return self._sessions[key]

    def _select(self, session: EmbeddedSession, query: wire.Query) -> None:
        try:
            data = session._connection.query(query.sql, "Native", params=query.parameters).bytes()
        except Exception as error:
            self._send(_failure(error))
            return
        blocks = wire.Source(data=data)
        while not blocks.at_end():
            self._send(wire.sent_block(blocks))
        self._send(wire.progress(1, len(data)) + wire.number(wire.END_OF_STREAM))

    def _insert(self, session: EmbeddedSession, sql: str, table: str, names: str) -> None:
        wanted = [name.strip().strip("`") for name in names.split(",")]
        try:
            types = {row[0]: row[1] for row in session.query(f"DESCRIBE TABLE {table}")}
            columns = [(name, types[name]) for name in wanted]
        except KeyError as error:
            self._send(wire.exception(16, f"No such column {error} in table {table}"))
            return
        except Exception as error:
            self._send(_failure(error))
            return
        self._send(wire.header(columns))
        blocks = []
        while True:
            assert wire.varint(self._source) == 2
            rows, block = wire.received_block(self._source)
            if not rows:
                break
            blocks.append(block)
            self._send(wire.events())
        try:
            # Blocks are consecutive in this format: all of them are one insert.
            with session._connection.send_insert(sql.rsplit("VALUES", 1)[0], "Native") as insert:
                insert.append(b"".join(blocks))
                insert.finish()
        except Exception as error:
            self._send(_failure(error))
            return
        self._send(wire.events() + wire.number(wire.END_OF_STREAM))

    def _send(self, data: bytes) -> None:
        self._link.sendall(data)


def _failure(error: Exception) -> bytes:
    message = str(error)
    code = _CODE.search(message)
    return wire.exception(int(code[1]) if code else 1001, message)


@contextmanager
def serving(
    store: EmbeddedStore, user: str = "default", password: str = "", *, tls: bool = False
) -> Iterator[NativeServer]:
    """A server for the time of a test."""
    server = NativeServer(store, user, password, tls=tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()
