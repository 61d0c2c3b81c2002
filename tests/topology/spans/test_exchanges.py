"""Which exchanges are one, and the names of nodes."""

import pytest

from topology.spans import exchanges
from topology.spans.exchanges import Exchange, Role

CALL = Exchange(Role.CALL, "api:80", host="api")
SQL = Exchange(Role.DATABASE, "mysql/shop", "mysql", "shop")
SENT = Exchange(Role.SEND, "kafka/orders", "kafka", "orders", "kafka1")


@pytest.mark.parametrize(
    ("outer", "inner", "same"),
    [
        (CALL, CALL, True),
        (CALL, CALL._replace(host="login"), False),
        (CALL, CALL._replace(host=""), True),
        (SQL, SQL._replace(place="", host="db1"), True),
        (SQL, SQL._replace(place="audit"), False),
        (SQL, SQL._replace(system="redis"), False),
        (SQL._replace(host="es"), CALL._replace(host="es"), True),
        (SQL._replace(host="es"), CALL, False),
        (SENT, SENT._replace(role=Role.CREATE), True),
        (SENT, SQL, False),
        (SENT, SENT._replace(role=Role.PROCESS), False),
        (SENT._replace(role=Role.PROCESS), CALL._replace(host="kafka1"), False),
        (SENT._replace(role=Role.RECEIVE), CALL._replace(host="kafka1"), True),
        (SENT._replace(role=Role.RECEIVE, host=""), CALL, False),
    ],
)
def test_two_client_spans_are_one_exchange_unless_they_say_otherwise(
    outer: Exchange, inner: Exchange, same: bool
) -> None:
    assert exchanges.is_same(outer, inner) is same


def test_some_databases_and_brokers_are_asked_over_http() -> None:
    assert exchanges.is_over_http(SQL._replace(system="elasticsearch"))
    assert not exchanges.is_over_http(SQL)


def test_a_node_has_the_name_of_its_system_before_its_own() -> None:
    assert exchanges.node_name("kafka", "orders") == "kafka/orders"
    assert exchanges.node_name("kafka", "") == "kafka"
    assert exchanges.first({"a": "", "b": "1"}, ("a", "b")) == "1"
    assert SENT.is_leaf
    assert not SENT.is_taking
    assert SENT._replace(role=Role.RECEIVE).is_taking
