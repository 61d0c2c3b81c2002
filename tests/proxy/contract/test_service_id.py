"""Who a service is, and what a plain name means."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.service_id import AmbiguousNameError, ServiceId, ServiceNames

REVIEWS, SHOP, OPS = ServiceId("reviews"), ServiceId("shop/reviews"), ServiceId("ops/reviews")
labels = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
services = st.builds(ServiceId.of, st.one_of(st.just(""), labels), labels)


@given(st.one_of(st.just(""), labels), labels)
def test_namespace_and_name_are_in_the_text(namespace: str, name: str) -> None:
    service = ServiceId.of(namespace, name)
    assert (service.namespace, service.name) == (namespace, name)
    assert ServiceId.parse(service) == ServiceId.parse(f"{namespace}/{name}") == service


def test_without_a_namespace_the_text_is_the_name_and_a_service_is_a_text() -> None:
    assert ServiceId.of("", "reviews") == "reviews" == json.loads(json.dumps(REVIEWS))
    assert ServiceId.of("shop", "reviews") == "shop/reviews"
    assert ServiceId.of("shop", "") == ""  # spans need not say whose they are
    texts: dict[str, int] = {REVIEWS: 1}
    assert texts["reviews"] == 1


@pytest.mark.parametrize(
    ("text", "namespace", "known", "found"),
    [
        ("reviews", "", [], REVIEWS),
        ("reviews", "", [SHOP], SHOP),
        ("reviews", "ops", [SHOP], SHOP),
        ("reviews", "ops", [SHOP, OPS], OPS),
        ("reviews", "", [REVIEWS, SHOP, OPS], REVIEWS),
        ("reviews", "mail", [REVIEWS, SHOP, OPS], REVIEWS),
        ("shop/reviews", "ops", [SHOP, OPS], SHOP),
        ("mail/reviews", "ops", [SHOP, OPS], ServiceId("mail/reviews")),
        ("/reviews", "shop", [SHOP], REVIEWS),
    ],
)
def test_a_plain_name_means_the_own_namespaces_then_the_default_ones_then_the_only_one(
    text: str, namespace: str, known: list[ServiceId], found: ServiceId
) -> None:
    assert ServiceNames(known).find(text, namespace) == found


def test_a_name_that_several_have_is_refused_with_all_of_them() -> None:
    with pytest.raises(AmbiguousNameError, match="write one of ops/reviews, shop/reviews") as error:
        ServiceNames([SHOP, OPS]).find("reviews")
    assert error.value.services == (OPS, SHOP)


@given(st.lists(services, unique=True))
def test_what_is_shown_is_found_again(known: list[ServiceId]) -> None:
    names = ServiceNames(known)
    assert [names.find(names.shown(service)) for service in known] == known
    assert len({names.shown(service) for service in known}) == len(known)


@given(st.lists(services, unique=True), st.one_of(st.just(""), labels))
def test_every_host_name_means_what_the_plain_name_means(known: list[ServiceId], namespace: str) -> None:
    names = ServiceNames(known)
    for host, service in names.hosts(namespace).items():
        if host == service.name:
            assert names.find(host, namespace) == service
        else:
            assert host == f"{service.name}.{service.namespace}"


def test_a_name_with_a_slash_does_not_take_the_place_of_a_full_name() -> None:
    full, slashed = ServiceId("shop/reviews"), ServiceId.of("", "shop/reviews")
    for services in ([full, slashed], [full, slashed, ServiceId("lab/shop/reviews")]):
        names = ServiceNames(services)
        assert names.find("shop/reviews") == full
        assert [names.find(names.shown(each)) for each in services] == services
    assert ServiceNames([slashed]).find("shop/reviews") == slashed


UPPER = ServiceId("Shop/Reviews")


@pytest.mark.parametrize(
    ("text", "namespace", "known", "found"),
    [
        ("REVIEWS", "", [ServiceId("Reviews")], ServiceId("Reviews")),
        ("reviews", "", [UPPER], UPPER),
        ("reviews", "SHOP", [UPPER, OPS], UPPER),
        ("sHOP/rEVIEWS", "", [UPPER, OPS], UPPER),
        ("/REVIEWS", "shop", [UPPER, REVIEWS], REVIEWS),
        ("Reviews", "", [ServiceId("REVIEWS"), REVIEWS], ServiceId("REVIEWS")),  # one service, not two
        ("reviews", "", [ServiceId("REVIEWS"), REVIEWS], REVIEWS),  # as it is written, where that is known
        ("Größe", "", [ServiceId("GRÖSSE"), ServiceId("gröSSe")], ServiceId("Größe")),
    ],
)
def test_names_compare_without_case(
    text: str, namespace: str, known: list[ServiceId], found: ServiceId
) -> None:
    assert ServiceNames(known).find(text, namespace) == found


@given(st.lists(services, unique=True), st.randoms(use_true_random=False))
def test_a_service_is_recognised_in_any_spelling(known: list[ServiceId], random: Random) -> None:
    names = ServiceNames(known)
    for service in known:
        spelled = ServiceId("".join(random.choice([c.upper(), c]) for c in service))
        assert names.spelling(spelled) == names.recognise(spelled) == names.find(spelled) == service
        assert names.hosts(spelled.namespace)[service.name] == service


def test_hosts_are_in_lower_case_and_each_means_one_service() -> None:
    names = ServiceNames([ServiceId("Reviews"), ServiceId("reviews"), UPPER, OPS, ServiceId("REVIEWS.ops")])
    assert names.hosts() == {
        "reviews": "Reviews",
        "reviews.ops": "REVIEWS.ops",
        "reviews.shop": "Shop/Reviews",
    }
