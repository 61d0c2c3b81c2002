"""Handlers of declared routes: what a handler sees of a request, and its reply as JSON."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from multidict import MultiDict, MultiMapping

from collector.query.replies import json_response, render
from proxy.contract.api.route import Route

Reply = TypeVar("Reply")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The declared parameters of a request, the parts of its path, and ``body`` to read its body."""

    query: MultiMapping[str]
    path: Mapping[str, str]
    body: Callable[[], Awaitable[bytes]]


def serve(
    route: Route[Reply], handler: Callable[[ApiRequest], Awaitable[Reply]], large: bool = False
) -> web.RouteDef:
    """The route of an application, answered with what ``handler`` returns.

    The handler is given declared parameters alone, so that none can work without being documented. A
    ``large`` reply is rendered in a thread: the event loop also takes in spans.
    """
    declared = {parameter.name for parameter in route.parameters}

    async def answer(request: web.Request) -> web.Response:
        query = MultiDict((key, value) for key, value in request.query.items() if key in declared)
        reply = await handler(ApiRequest(query, request.match_info, request.read))
        return json_response(await asyncio.to_thread(render, reply) if large else render(reply))

    return web.route(route.method, route.path, answer)
