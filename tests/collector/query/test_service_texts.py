"""Services in replies: by their plain name where that means one, and only where a service stands."""

from typing import Annotated

from typing_extensions import TypedDict

from collector.query.service_texts import plan, shorten
from proxy.contract.api.units import SERVICE
from proxy.contract.service_id import ServiceId

Service = Annotated[str, SERVICE]


class Edge(TypedDict):
    source: Service
    target: Service
    protocol: str


class Reply(TypedDict):
    edges: list[Edge]
    service: Service | None
    labels: dict[str, str]


CART, OTHER_CART, MAIL = ServiceId("shop/cart"), ServiceId("test/cart"), ServiceId("shop/mail")
PLAN = plan(Reply)


def test_a_plan_has_the_texts_that_are_services_and_nothing_else() -> None:
    assert PLAN == {"edges": [{"source": True, "target": True}], "service": True}
    assert plan(str) is None
    assert plan(dict[str, Service]) is None


def reply(source: str, target: str) -> Reply:
    edge = Edge(source=source, target=target, protocol="shop/cart")
    return Reply(edges=[edge], service=None, labels={"x": "shop/cart"})


def test_a_service_is_shown_by_its_name_where_no_other_has_it() -> None:
    found = shorten(reply(MAIL, CART), PLAN, [CART, MAIL])
    assert (found["edges"][0]["source"], found["edges"][0]["target"]) == ("mail", "cart")


def test_two_of_one_name_keep_their_namespaces() -> None:
    found = shorten(reply(MAIL, CART), PLAN, [CART, OTHER_CART, MAIL])
    assert (found["edges"][0]["source"], found["edges"][0]["target"]) == ("mail", "shop/cart")


def test_other_texts_stay_as_they_are() -> None:
    found = shorten(reply("kafka/orders", CART), PLAN, [CART])
    assert found["edges"][0] == {"source": "kafka/orders", "target": "cart", "protocol": "shop/cart"}
    assert found["labels"] == {"x": "shop/cart"}
    assert found["service"] is None


def test_without_namespaces_the_reply_is_the_same_object() -> None:
    given = reply("a", "b")
    assert shorten(given, PLAN, [ServiceId("a"), ServiceId("b")]) is given


def test_one_that_the_reply_has_without_a_namespace_too_is_shown_in_full() -> None:
    found = shorten(reply("cart", CART), PLAN, [CART])
    assert (found["edges"][0]["source"], found["edges"][0]["target"]) == ("cart", "shop/cart")
