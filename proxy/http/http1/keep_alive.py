"""The announcement of a server that keeps a connection: ``Keep-Alive: timeout=5, max=100``. Pure.

Source: RFC 2068, 19.7.1.1, and what servers send: Apache counts ``max`` down with each response, Node
repeats the number of requests that a connection may carry in all.
"""

import re
from math import inf
from typing import Final

_PARAMETER: Final = re.compile(rb"(?i)(?:^|[\s,;])(timeout|max)\s*=\s*\"?(\d{1,9})")
# Seconds before the announced end from which on a connection is not used: the server's clock began to run
# when it wrote its response, and the next request takes its time to get there. At most half of what was
# announced, or a server that keeps connections for one second would never be sent two requests.
_MARGIN: Final = 1.0


class KeepAlive:
    """The bounds of one connection that its server announced; infinite where it announced none.

    ``idle`` is the seconds it may be idle, ``requests`` the number of further ones that it may carry.
    """

    __slots__ = ("idle", "requests")

    def __init__(self) -> None:
        self.idle = inf
        self.requests = inf

    def heed(self, announced: bytes) -> None:
        """Take the Keep-Alive of a response, empty for none."""
        self.requests -= 1
        for name, digits in _PARAMETER.findall(announced) if announced else ():
            number = int(digits)
            if name.lower() == b"timeout":
                self.idle = number - min(_MARGIN, number / 2)
            else:
                # Read as the requests in all, though many servers mean the further ones: one connection
                # that is given up early harms nobody, one request too many is lost.
                self.requests = min(self.requests, number - 1)

    @property
    def ended(self) -> bool:
        """True if the connection may carry no further request."""
        return self.requests < 1 or self.idle <= 0


UNBOUNDED: Final = KeepAlive()
"""The bounds of a connection whose server announced none: most of them."""
