"""GET /api/mesh/events: decisions and stage changes as they are made, as server-sent events.

Source: WHATWG HTML, server-sent events. Each event is named ``stage`` or ``decision``; its data
is the object /api/mesh/decisions gives, its id the decision's time in microseconds. A client
that returns with ``Last-Event-ID`` is first sent what memory holds since.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from itertools import takewhile
from typing import Final

from aiohttp import web

from collector.query import params
from collector.query.errors import TryLaterError
from collector.query.mesh import views
from collector.query.replies import render
from proxy.contract.api.mesh_routes import EVENTS
from proxy.contract.api.parameters import Instant
from proxy.contract.decisions.kinds import DecisionKind
from topology.engine import Engine
from topology.model.decisions import Decision

POLL_SECONDS: Final = 0.25  # as often as the mesh decides
PING_SECONDS: Final = 15.0  # so that a client that went away is noticed
STREAMS_MAX: Final = 100
_LOOKED_AT: Final = 1000  # decisions looked back at
_LAST_EVENT_ID: Final = Instant(name="Last-Event-ID", meaning="time of the last event received")
_HEADERS: Final = {"Content-Type": EVENTS.media, "Cache-Control": "no-cache"}


class EventRoutes:
    """One open reply per listener, until the listener leaves or the application stops."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stopped = asyncio.Event()
        self._streams = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.get(EVENTS.path, self.events)]

    async def stop(self, app: web.Application) -> None:
        """End every stream; a stop of the collector does not wait for listeners."""
        self._stopped.set()

    async def events(self, request: web.Request) -> web.StreamResponse:
        since = _last_event(request.headers.get("Last-Event-ID", ""))
        # Each listener costs a look at the engine four times a second.
        if self._streams >= STREAMS_MAX:
            raise TryLaterError(f"{STREAMS_MAX} listeners are connected: close one, or retry")
        response = web.StreamResponse(headers=_HEADERS)
        self._streams += 1
        try:
            with suppress(ConnectionResetError):  # the listener left
                await response.prepare(request)
                await self._send(response, since)
        finally:
            self._streams -= 1
        return response

    async def _send(self, response: web.StreamResponse, since: int | None) -> None:
        known = self._engine.decisions(limit=_LOOKED_AT)
        newest = known[0] if known else None
        missed = [] if since is None else [each for each in known if round(each.time * 1e6) > since]
        # A comment line at once, so that a client knows it is connected before anything happens.
        await response.write(b": listening\n\n" + _events(missed))
        quiet = 0.0
        while not await self._ends_within(POLL_SECONDS):
            # Compared by identity: two decisions may be equal in everything, their time included.
            fresh = _later_than(newest, self._engine.decisions(limit=_LOOKED_AT))
            quiet = 0.0 if fresh else quiet + POLL_SECONDS
            if fresh:
                newest = fresh[0]
                await response.write(_events(fresh))
            elif quiet >= PING_SECONDS:
                quiet = 0.0
                await response.write(b": ping\n\n")

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        return self._stopped.is_set()


def _later_than(known: Decision | None, newest_first: Iterable[Decision]) -> list[Decision]:
    return list(takewhile(lambda each: each is not known, newest_first))


def _events(newest_first: list[Decision]) -> bytes:
    """Decisions as events, oldest first."""
    return "".join(
        f"event: {'stage' if each.kind == DecisionKind.STAGE else 'decision'}\n"
        f"id: {round(each.time * 1e6)}\ndata: {render(views.decision(each))}\n\n"
        for each in reversed(newest_first)
    ).encode()


def _last_event(text: str) -> int | None:
    return params.read({_LAST_EVENT_ID.name: text}, _LAST_EVENT_ID) if text else None
