"""An address that neither accepts nor refuses a connection."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that answers no SYN: its queue of connections to accept is full, and stays so."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        place = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(place)
        try:
            yield f"127.0.0.1:{place[1]}"
        finally:
            for filler in fillers:
                filler.close()
