"""Handlers of declared routes: what a handler sees of a request, and its reply as JSON."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from aiohttp import web
from multidict import MultiDict, MultiMapping

from collector.query.errors import BadValueError
from collector.query.replies import json_response, render
from collector.query.service_texts import plan, shorten
from proxy.contract.api.parameters import ServiceName
from proxy.contract.api.route import Route
from proxy.contract.service_id import AmbiguousNameError, ServiceId, ServiceNames

Reply = TypeVar("Reply")

KNOWN_SERVICES: Final[web.AppKey[Callable[[], Awaitable[Iterable[ServiceId]]]]] = web.AppKey("known_services")
"""The services that exist now: what plain names in requests mean, and which names in replies are plain."""
SERVICE_IN_PATH: Final = "service"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The declared parameters of a request, the parts of its path, and ``body`` to read its body.

    Services are named in full, whatever the client wrote.
    """

    query: MultiMapping[str]
    path: Mapping[str, str]
    body: Callable[[], Awaitable[bytes]]


def serve(
    route: Route[Reply], handler: Callable[[ApiRequest], Awaitable[Reply]], large: bool = False
) -> web.RouteDef:
    """Return the route of an application, answered with what ``handler`` returns.

    The handler is given declared parameters alone, so that none can work without being documented. A
    ``large`` reply is rendered in a thread: the event loop also takes in spans.
    """
    declared = {parameter.name for parameter in route.parameters}
    services = {parameter.name for parameter in route.parameters if isinstance(parameter, ServiceName)}
    texts = plan(route.reply)

    async def answer(request: web.Request) -> web.Response:
        known = await request.app[KNOWN_SERVICES]() if texts or services & request.query.keys() else ()
        names = ServiceNames(known)
        query = MultiDict((key, value) for key, value in request.query.items() if key in declared)
        for key in services & query.keys():
            query[key] = _find(names, key, query[key])
        path = dict(request.match_info)
        if SERVICE_IN_PATH in path:
            path[SERVICE_IN_PATH] = _find(names, SERVICE_IN_PATH, path[SERVICE_IN_PATH])
        reply = shorten(await handler(ApiRequest(query, path, request.read)), texts, known)
        return json_response(await asyncio.to_thread(render, reply) if large else render(reply))

    return web.route(route.method, route.path, answer)


def _find(names: ServiceNames, key: str, text: str) -> str:
    try:
        return names.find(text) if text else text
    except AmbiguousNameError as error:
        raise BadValueError(f"{key}: {error}") from None
