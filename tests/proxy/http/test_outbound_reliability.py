"""Retries, deadlines and limits of outbound requests, each through real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from proxy.contract.model import Endpoint, Retries, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.routing.retry_budget import FLOOR
from tests.proxy.rig import App, Handler, World, ask, head_fields, pairs, play, serving, until, world

REVIEWS = ServiceId("reviews")

GET = b"GET / HTTP/1.1\r\nHost: reviews\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: reviews\r\ncontent-length: 1\r\n\r\nx"
FAILING = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy"
CLIENT_DURATION = "http.client.request.duration"


@asynccontextmanager
async def reviews(
    *handlers: Handler,
    retries: Retries | None = None,
    timeout: float = 0.0,
    percent: int = 100,
    **options: Any,
) -> AsyncIterator[World]:
    """A sidecar that routes to these as the endpoints of one service; the first looks the fastest."""
    async with AsyncExitStack() as stack:
        addresses = [await stack.enter_async_context(serving(handler)) for handler in handlers]
        w = await stack.enter_async_context(world(**options))
        w.view(
            Service(
                REVIEWS,
                tuple(Endpoint(address, instance=address) for address in addresses),
                Stage.ROUTE if percent else Stage.OBSERVE,
                percent,
                timeout,
                retries or Retries(),
            )
        )
        now = time.monotonic()
        for place, candidate in enumerate(w.sidecar.router.services[REVIEWS].candidates):
            candidate.sample(0.001 if place == 0 else 1.0, now)
        yield w


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    await asyncio.Event().wait()


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def stopping_midway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart")
    await writer.drain()


def error_of(span: Span) -> str:
    return str(pairs(span.attributes).get("error.type", ""))


@pytest.mark.parametrize(
    ("bad", "retries", "error"),
    [
        (App(FAILING), Retries(1, ("5xx",)), "503"),
        (App(b"HTTP/1.1 500 No\r\nconnection: close\r\n\r\nall that comes"), Retries(1, ("5xx",)), "500"),
        (closing, Retries(1, ("reset",)), "upstream-reset"),
        (silent, Retries(1, ("timeout",), per_try=0.05), "request-timeout"),
    ],
)
def test_a_failed_try_is_followed_by_one_elsewhere(bad: Handler, retries: Retries, error: str) -> None:
    async def run() -> None:
        good = App()
        async with reviews(bad, good, retries=retries) as w:
            assert await ask(w.outbound, GET) == good.answer
            failed, second = await w.spans(2)
            assert (error_of(failed), error_of(second)) == (error, "")
            assert (failed.trace_id, failed.parent_span_id) == (second.trace_id, second.parent_span_id)
            assert failed.span_id != second.span_id
            assert "http.request.resend_count" not in pairs(failed.attributes)
            assert pairs(second.attributes)["http.request.resend_count"] == 1
            assert (good.field("traceparent") or "").split("-")[2] == second.span_id.hex()
            await until(lambda: w.sink.counted(CLIENT_DURATION) == 2)
            destination = w.sidecar.router.services[REVIEWS]
            assert destination.open == sum(c.open for c in destination.candidates) == 0

    play(run())


@pytest.mark.parametrize(
    ("request_", "given", "percent"),
    [
        (GET, Retries(3, ("connect-failure", "reset", "timeout")), 100),  # 5xx was not asked for
        (POST, Retries(3, ("5xx",)), 100),  # may have been acted on
        (GET, Retries(3, ("5xx",)), 0),  # the mesh only watches
        (GET, Retries(0, ("5xx",)), 100),
    ],
)
def test_what_must_not_be_retried_is_passed_on(request_: bytes, given: Retries, percent: int) -> None:
    async def run() -> None:
        first, second = App(FAILING), App(FAILING)
        async with reviews(first, second, retries=given, percent=percent) as w:
            assert await ask(w.outbound, request_) == FAILING
            assert len(await w.spans(1)) == 1
            assert len(first.heads + second.heads) == 1

    play(run())


def test_after_the_last_try_its_answer_stands() -> None:
    async def run() -> None:
        apps = [App(FAILING) for _ in range(4)]
        async with reviews(*apps, retries=Retries(2, ("5xx",))) as w:
            assert await ask(w.outbound, GET) == FAILING
            assert sorted(len(app.heads) for app in apps) == [0, 1, 1, 1]
            assert [pairs(s.attributes).get("http.request.resend_count") for s in await w.spans(3)] == [
                None,
                1,
                2,
            ]

    play(run())


@pytest.mark.parametrize("first_answer", [FAILING, b""])
def test_a_retry_is_a_request_of_its_own_even_after_a_kept_connection(first_answer: bytes) -> None:
    async def run() -> None:
        answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", first_answer]

        async def fading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for answer in answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
            await reader.read()

        heads: list[bytes] = []

        async def closing_too(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append(await reader.readuntil(b"\r\n\r\n"))

        retries = Retries(1, ("5xx", "timeout"), per_try=0.1)
        async with reviews(fading, closing_too, retries=retries) as w:
            assert await ask(w.outbound, GET) == answers[0]
            got = await ask(w.outbound, GET)
            assert head_fields(got)["x-spanmesh-reason"] == "upstream-reset"
            assert len(heads) == 1
            assert [error_of(span) for span in await w.spans(3)][2] == "upstream-reset"

    play(run())


def test_a_response_that_began_is_never_repeated() -> None:
    async def run() -> None:
        good = App()
        everything = Retries(3, ("5xx", "reset", "timeout", "connect-failure"))
        async with reviews(stopping_midway, good, retries=everything) as w:
            got = await ask(w.outbound, GET, close=False)
            assert got.startswith(b"HTTP/1.1 200 OK\r\n")
            assert got.endswith(b"part")
            assert good.heads == []
            [span] = await w.spans(1)
            assert error_of(span) == "upstream-reset"

    play(run())


def test_retries_of_a_service_that_fails_as_a_whole_stay_within_their_budget() -> None:
    async def run() -> None:
        apps = [App(FAILING) for _ in range(3)]
        async with reviews(*apps, retries=Retries(2, ("5xx",), 0.2)) as w:
            requests = 200
            for _ in range(requests // 20):
                answers = await asyncio.gather(*(ask(w.outbound, GET) for _ in range(20)))
                assert set(answers) == {FAILING}
            sent = sum(len(app.heads) for app in apps)
            assert requests + FLOOR <= sent <= requests * 1.2 + 1

    play(run())


@pytest.mark.parametrize("request_", [GET, POST])
def test_a_timeout_of_the_policy_ends_the_request(request_: bytes) -> None:
    async def run() -> None:
        async with reviews(silent, App(), retries=Retries(3, ("timeout",)), timeout=0.1) as w:
            got = await ask(w.outbound, request_)
            assert got.startswith(b"HTTP/1.1 504 ")
            assert head_fields(got)["x-spanmesh-reason"] == "request-timeout"
            assert b"no whole response within 0.1 s" in got
            assert [error_of(span) for span in await w.spans(1)] == ["request-timeout"]

    play(run())


def test_a_timeout_ends_a_response_that_does_not_end() -> None:
    async def run() -> None:
        async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart")
            await reader.read()

        async with reviews(dripping, timeout=0.1) as w:
            assert (await ask(w.outbound, GET, close=False)).endswith(b"part")
            [span] = await w.spans(1)
            assert error_of(span) == "request-timeout"

    play(run())


def test_a_timeout_is_for_what_the_mesh_routes_only() -> None:
    async def run() -> None:
        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.2)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

        async with reviews(slow, timeout=0.05, percent=0) as w:
            assert (await ask(w.outbound, GET)).startswith(b"HTTP/1.1 204 ")

    play(run())


def test_more_requests_than_a_service_may_have_fail_at_once_and_are_no_fault_of_its_endpoints() -> None:
    async def run() -> None:
        arrived, go = asyncio.Event(), asyncio.Event()

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()
            await go.wait()
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

        async with reviews(slow, slow, max_requests=1) as w:
            first = asyncio.create_task(ask(w.outbound, GET))
            await arrived.wait()
            refused = await ask(w.outbound, GET)
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert head_fields(refused)["x-spanmesh-reason"] == "overload"
            go.set()
            assert b" 204 " in await first
            spans = {error_of(span): pairs(span.attributes) for span in await w.spans(2)}
            assert "spanmesh.endpoint" not in spans["overload"]
            assert spans["overload"]["peer.service"] == "reviews"
            destination = w.sidecar.router.services[REVIEWS]
            assert destination.open == sum(c.open for c in destination.candidates) == 0
            assert [c.breaker.failures for c in destination.candidates] == [0, 0]
            assert b" 204 " in await ask(w.outbound, GET)

    play(run())
