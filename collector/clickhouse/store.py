"""Which ClickHouse the configuration asks for."""

from pathlib import Path

from collector.clickhouse.database import Store, StoreError
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.server import ServerStore
from proxy.contract.failure import ConfigError


def open_store(data: str, clickhouse: str) -> Store:
    """The server at the URL ``clickhouse``, or without one the engine in directory ``data``.

    Raises ConfigError when it does not answer.
    """
    store: Store = ServerStore(clickhouse) if clickhouse else EmbeddedStore(Path(data))
    try:
        session = store.connect()
        session.query("SELECT 1")
        session.close()
    except StoreError as error:
        store.close()
        if clickhouse:
            fix = "check --clickhouse and that the server is up and lets this user in"
            raise ConfigError(f"ClickHouse does not answer: {error}; {fix}") from None
        raise ConfigError(f"--data {data} cannot be opened: {error}; choose another directory") from None
    return store
