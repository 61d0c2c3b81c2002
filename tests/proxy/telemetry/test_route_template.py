"""Paths to routes: low cardinality whatever comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.telemetry.route_template import OTHER, Routes, template


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/cart", "/cart"),
        ("/api/v1/items/42", "/api/v1/items/{id}"),
        ("/users/0b0e8b1c-9c1c-4d55-8f1e-2b8a1f6f0f11/orders", "/users/{id}/orders"),
        ("/blob/deadbeef01", "/blob/{id}"),
        ("/feedface", "/feedface"),
        ("/release/1.2.3", "/release/{id}"),
        ("/t/eyJhbGciOiJIUzI1NiJ9xyz123", "/t/{id}"),
        ("/static/app.js", "/static/app.js"),
        ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/{rest}"),
    ],
)
def test_what_looks_like_data_becomes_id(path: str, route: str) -> None:
    assert template(path) == route


@given(st.lists(st.text(max_size=30), max_size=300))
def test_the_number_of_routes_is_bounded(paths: list[str]) -> None:
    routes = Routes(limit=10)
    assert len({routes.of(path) for path in paths} - {OTHER}) <= 10


def test_known_routes_stay_when_the_bound_is_reached() -> None:
    routes = Routes(limit=1)
    assert [routes.of("/a"), routes.of("/b"), routes.of("/a")] == ["/a", OTHER, "/a"]
