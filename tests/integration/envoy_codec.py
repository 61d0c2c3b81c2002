"""Envoy as a codec: HTTP/1.1 in, HTTP/1.1 out, every option set so that it forwards what ours does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from deploy.processes import ports
from tests.bench import envoy_peer
from tests.proxy.rig import DEADLINE

_OPTIONS: dict[str, Any] = {
    "http_protocol_options": {
        "accept_http_10": True,
        "default_host_for_http_10": "none",
        "enable_trailers": True,
    },
    "common_http_protocol_options": {"max_headers_count": 128},
    "max_request_headers_kb": 64,
    "upgrade_configs": [{"upgrade_type": "websocket"}],
    "proxy_100_continue": True,
    "generate_request_id": False,
    "delayed_close_timeout": "0.05s",
    "tracing": None,
}
_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_UPSTREAM: dict[str, Any] = {
    "typed_extension_protocol_options": {
        _PROTOCOL: {
            "@type": f"type.googleapis.com/{_PROTOCOL}",
            "explicit_http_config": {"http_protocol_options": {"enable_trailers": True}},
        }
    }
}


@asynccontextmanager
async def envoy(backend: str, folder: Path) -> AsyncIterator[int]:
    """A running Envoy in front of ``backend`` (``host:port``); yields its port.

    To be used from a thread that outlives it: Envoy is told to end with the thread that started it.
    """
    port = ports.free(1)[0]
    config = envoy_peer.config(port, int(backend.rpartition(":")[2]), 9, 0.0)
    [chain] = config["static_resources"]["listeners"][0]["filter_chains"]
    manager = chain["filters"][0]["typed_config"]
    manager.update(_OPTIONS)
    config["static_resources"]["clusters"][0].update(_UPSTREAM)
    file = folder / "envoy.json"
    file.write_text(json.dumps(config))
    process = await asyncio.create_subprocess_exec(*envoy_peer.argv(file))
    try:
        async with asyncio.timeout(DEADLINE):
            while not await _accepts(port):
                assert process.returncode is None, "Envoy did not start"
                await asyncio.sleep(0.05)
        yield port
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
