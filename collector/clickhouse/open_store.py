"""Opening the ClickHouse that the configuration names: a server or the engine in a directory."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from collector.clickhouse.database import Store, StoreError
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.server import ServerStore
from proxy.contract.failure import ConfigError
from proxy.contract.option import named


def open_store(data: str, clickhouse: str, cluster: str = "") -> Store:
    """Open the server at the URL ``clickhouse``, or without one the engine in the directory ``data``.

    Raises ConfigError when it does not answer.
    """
    if cluster:
        clickhouse = _on_cluster(clickhouse, cluster)
    store: Store = ServerStore(clickhouse) if clickhouse else EmbeddedStore(Path(data))
    try:
        session = store.connect()
        session.query("SELECT 1")
        session.close()
    except StoreError as error:
        store.close()
        if clickhouse:
            fix = f"check {named('clickhouse')} and that the server is up and lets this user in"
            raise ConfigError(f"ClickHouse does not answer: {error}; {fix}") from None
        raise ConfigError(
            f"{named('data')} is {data!r}: cannot be opened: {error}; choose another directory"
        ) from None
    return store


def _on_cluster(url: str, cluster: str) -> str:
    """Return the URL with the settings that a cluster needs. Raises ConfigError without a server or a name.

    An insert into a distributed table is answered once the shard has it; the default queues it on the node.
    """
    if not url:
        raise ConfigError(
            f"{named('cluster')} is {cluster!r}: it needs a server; name one of its nodes with "
            f"{named('clickhouse')}"
        )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", cluster):
        raise ConfigError(f"{named('cluster')} is {cluster!r}: write the name under <remote_servers>")
    # A trace is on one shard, so a subquery need not leave it (product_mode: local).
    wanted = "distributed_foreground_insert=1&distributed_product_mode=local"
    return f"{url}{'&' if urlsplit(url).query else '?'}{wanted}"
