"""Spans as fast as a collector takes them: ``python -m tests.bench.scale_spans HOST:PORT SECONDS``.

Eight senders, 512 spans a request, each sending as soon as it was answered. Prints how many spans were
taken and how many requests were turned away, as JSON.
"""

import asyncio
import json
import sys
import time
from itertools import count
from typing import Final

import grpc

from tests.bench.report import say
from tests.bench.store_requests import requests
from tests.collector.receive.receiving import TRACES

_SENDERS: Final = 8
_SPANS: Final = 512
_BODIES: Final = 40


async def send(target: str, seconds: float) -> dict[str, float]:
    """Send for so long; a request is never the same twice, or it would not be stored again."""
    bodies = requests(_BODIES, _SPANS, time.time_ns(), 1)
    numbers, taken, refused = count(), 0, 0
    end = time.monotonic() + seconds
    async with grpc.aio.insecure_channel(target, options=(("grpc.max_send_message_length", -1),)) as channel:
        export = channel.unary_unary(TRACES, None, None)

        async def sender() -> None:
            nonlocal taken, refused
            while time.monotonic() < end:
                number = next(numbers)
                # Field 1000 is in no version of the request: another body, the same spans.
                body = bodies[number % _BODIES] + b"\xc2\x3e\x08" + number.to_bytes(8)
                try:
                    await export(body, timeout=30)
                    taken += _SPANS
                except grpc.aio.AioRpcError:
                    refused += 1
                    await asyncio.sleep(0.1)

        await asyncio.gather(*(sender() for _ in range(_SENDERS)))
    return {"spans_per_s": round(taken / seconds), "refused": refused}


if __name__ == "__main__":
    say(json.dumps(asyncio.run(send(sys.argv[1], float(sys.argv[2])))))
