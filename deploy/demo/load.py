"""The users of the example shop: an open loop of requests, counted as the users see them."""

import http.client
import random
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

# Seconds; a little more than the shop's own CALL_TIMEOUT, so that users see its error and not their own.
TIMEOUT = 6.0
VISITS = {"/": 25, "/product/{id}": 45, "/cart/{id}": 18, "/checkout/{id}": 12}
_PATHS, _SHARES = list(VISITS), list(VISITS.values())
# Requests: more than the report of five seconds needs at a hundred a second.
KEPT = 2000


@dataclass(frozen=True)
class UserView:
    """The users' view of some seconds: number of requests, share that succeeded (0 to 1), p99 in ms."""

    count: int
    success: float
    p99: float


class Load:
    """An open loop of ``rate`` requests a second to ``host:port``: it does not wait for answers."""

    def __init__(self, host: str, port: int, rate: float, seed: int = 1) -> None:
        self._host, self._port = host, port
        self._interval = 1 / rate
        # With a seed, so that every demo makes the same requests.
        self._random = random.Random(seed)
        self._results: deque[tuple[float, bool, float]] = deque(maxlen=KEPT)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="load", daemon=True)
        # With 20 requests a second, 64 can wait three seconds each before one has to queue.
        self._workers = ThreadPoolExecutor(max_workers=64, thread_name_prefix="user")

    def start(self) -> None:
        """Start to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; requests under way are left to end."""
        self._stop.set()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def recent(self, seconds: float) -> UserView:
        """Return what users saw over the last ``seconds``."""
        since = time.monotonic() - seconds
        # A copy, as other threads append while this one reads.
        recent = [result for result in self._results.copy() if result[0] >= since]
        if not recent:
            return UserView(0, 1.0, 0.0)
        took = sorted(result[2] for result in recent)
        good = sum(result[1] for result in recent)
        return UserView(len(recent), good / len(recent), 1000 * took[int(0.99 * (len(took) - 1))])

    def _loop(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            path = self._random.choices(_PATHS, _SHARES)[0]
            self._workers.submit(self._visit, path.replace("{id}", str(self._random.randrange(1, 500))), due)
            # Added to the last due time, not to now: a late request does not lower the rate.
            due += self._interval

    def _visit(self, path: str, due: float) -> None:
        ok = False
        try:
            # A connection for each visit, as from many users: none keeps to one instance.
            connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            connection.close()
            ok = response.status < 500
        except (OSError, http.client.HTTPException):
            pass
        now = time.monotonic()
        # Since the request was due, not since it was sent: a user who had to queue has waited too.
        self._results.append((now, ok, now - due))
