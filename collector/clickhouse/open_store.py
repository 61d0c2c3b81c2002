"""Opening of the store that the configuration names: a ClickHouse server or the embedded engine."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from collector.clickhouse.database import Store, StoreError
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.server import ServerStore
from proxy.contract.failure import ConfigError
from proxy.contract.option import named


def open_store(data: str, clickhouse: str, cluster: str = "") -> Store:
    """Open the server at the URL ``clickhouse``, or without one the embedded engine in ``data``.

    Raises ConfigError when it does not answer.
    """
    if cluster:
        clickhouse = _on_cluster(clickhouse, cluster)
    store: Store = ServerStore(clickhouse) if clickhouse else EmbeddedStore(Path(data))
    try:
        # A server session connects on first use, so a wrong URL or password shows only when it is asked
        # something.
        session = store.connect()
        session.query("SELECT 1")
        session.close()
    except StoreError as error:
        # Releases the lock of a data directory, so that the next start is not refused.
        store.close()
        if clickhouse:
            fix = f"check {named('clickhouse')} and that the server is up and lets this user in"
            raise ConfigError(f"ClickHouse does not answer: {error}; {fix}") from None
        raise ConfigError(
            f"{named('data')} is {data!r}: cannot be opened: {error}; choose another directory"
        ) from None
    return store


def _on_cluster(url: str, cluster: str) -> str:
    """Return the URL with the settings that distributed tables need. Raises ConfigError.

    ``distributed_foreground_insert``: an insert returns when the shards have it, as the spool deletes what
    was inserted; the default queues it on the node. ``distributed_product_mode=local``: a subquery runs on
    each shard over its own rows, which is right because a trace is on one shard.
    """
    if not url:
        raise ConfigError(
            f"{named('cluster')} is {cluster!r}: it needs a server; name one of its nodes with "
            f"{named('clickhouse')}"
        )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", cluster):
        raise ConfigError(f"{named('cluster')} is {cluster!r}: write the name under <remote_servers>")
    settings = "distributed_foreground_insert=1&distributed_product_mode=local"
    return f"{url}{'&' if urlsplit(url).query else '?'}{settings}"
