"""What runs inside a network namespace of the interception test: applications, a client, a telemetry sink.

``serve HOST FILE``: HTTP on 9080, a server that speaks first on 9025, an echo on 9026 and on 6379; and an
OTLP sink on 127.0.0.1:4317 that writes each span to FILE as a line of JSON.
``call HOST PORT SENT``: connect as an ordinary user, send, half-close, print what came back.
``hold HOST PORT``: the same without an end, until standard input ends.
"""

import asyncio
import codecs
import json
import os
import socket
import sys
import time
from pathlib import Path

from tests.proxy.rig import Handler, Sink, pairs, read_body

NOBODY = 65534
GREETING = b"220 ready\r\n"


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await reader.readuntil(b"\r\n\r\n"):
        body = (
            head.split(b"\r\n")[0]
            + b"|"
            + b"".join(line for line in head.split(b"\r\n") if line.lower().startswith(b"host:"))
        )
        await read_body(head, reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(GREETING)
    writer.write(b"heard " + await reader.readline())
    writer.close()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read())  # to the end: answered only when the half-close has come through
    writer.close()


def _ending(handler: Handler) -> Handler:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    return serve


async def serve(host: str, file: Path) -> None:
    for port, handler in {9080: _http, 9025: _greet, 9026: _echo, 6379: _echo}.items():
        await asyncio.start_server(_ending(handler), host, port)
    sink = Sink()
    await sink.start(4317)
    with file.open("w", encoding="utf-8") as out:
        while True:
            for span in sink.spans:
                row = {"name": span.name, "kind": span.kind, **pairs(span.attributes)}
                out.write(json.dumps(row) + "\n")
            sink.spans.clear()
            out.flush()
            await asyncio.sleep(0.05)


def call(host: str, port: int, sent: bytes) -> bytes:
    """One connection from the first byte to the last; empty ``sent`` waits for the server first."""
    deadline = time.monotonic() + 20
    with socket.create_connection((host, port), timeout=10) as connected:
        got = b""
        if not sent:
            got = connected.recv(len(GREETING))
            sent = b"hello\r\n"
        connected.sendall(sent)
        connected.shutdown(socket.SHUT_WR)
        while (more := connected.recv(65536)) and time.monotonic() < deadline:
            got += more
    return got


def main(role: str, *given: str) -> None:
    if role == "serve":
        asyncio.run(serve(given[0], Path(given[1])))
    elif role == "hold":
        codecs.lookup("idna")
        os.setuid(NOBODY)
        with socket.create_connection((given[0], int(given[1])), timeout=10) as connected:
            connected.sendall(b"SUBSCRIBE news")
            sys.stdin.read()
    else:
        sent = given[2].encode().decode("unicode_escape").encode("latin-1")
        codecs.lookup("idna")  # needed to connect, and perhaps not readable for the user we become
        os.setuid(NOBODY)  # the sidecar runs as root here and is left alone
        sys.stdout.buffer.write(call(given[0], int(given[1]), sent))


if __name__ == "__main__":
    main(*sys.argv[1:])
