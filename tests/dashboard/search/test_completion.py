import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.search import completion
from dashboard.search.completion import Wanted

CART = '{ resource.service.name = "cart" && '


def at_bar(text: str) -> Wanted:
    """What is wanted at the bar of a query line."""
    cursor = text.index("¦")
    return completion.in_query(text.replace("¦", ""), cursor)


@pytest.mark.parametrize(
    ("text", "kind", "prefix", "scope", "key"),
    [
        ("{ ¦", "key", "", "", ""),
        ("{ na¦", "key", "na", "", ""),
        ("{ .http.st¦", "key", "http.st", "", ""),
        ("{ resource.clo¦ }", "key", "clo", "resource", ""),
        ('{ resource.service.name = "ca¦', "service", "ca", "", ""),
        ('{ name = "GET ¦" }', "operation", "GET ", "", ""),
        ("{ span.http.route = ¦", "value", "", "span", "http.route"),
        ('{ ."a key" =~ "v¦', "value", "v", "", "a key"),
        ("{ } | by(¦", "key", "", "", ""),
    ],
)
def test_names_and_values_are_asked_for_where_they_stand(
    text: str, kind: str, prefix: str, scope: str, key: str
) -> None:
    wanted = at_bar(text)
    assert (wanted.kind, wanted.prefix, wanted.scope, wanted.key) == (kind, prefix, scope, key)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("¦", {"{"}),
        ("{ status = ¦", {"error", "ok", "unset"}),
        ("{ kind = s¦", {"server"}),
        ("{ .a = 1 ¦", {"&&", "||", "}"}),
        ("{ .a ¦", {"=", "!=", "=~", "!~", ">", ">=", "<", "<="}),
        ("{ dur¦", {"duration"}),
        ("{ resource.s¦", {"service.name"}),
        ("{ } | co¦", {"count() >", "coalesce()"}),
    ],
)
def test_words_of_the_language_are_offered(text: str, words: set[str]) -> None:
    assert {offer.label for offer in at_bar(text).offers([])} == words


def test_suggestions_are_of_the_service_the_query_names() -> None:
    assert at_bar(CART + "name = ¦").service == "cart"
    assert at_bar(CART + ".¦").service == "cart"


@pytest.mark.parametrize(
    ("text", "found", "after"),
    [
        ("{ .http.st¦", ("http.status_code", "span"), "{ .http.status_code"),
        ("{ ht¦ }", ("http.route", "span"), "{ span.http.route }"),
        ("{ span.¦", ("a key", "span"), '{ span."a key"'),
        ('{ resource.service.name = "ca¦rt" }', ('c"t', ""), '{ resource.service.name = "c\\"t" }'),
    ],
)
def test_what_is_chosen_takes_the_place_of_what_stands_there(
    text: str, found: tuple[str, str], after: str
) -> None:
    wanted, plain = at_bar(text), text.replace("¦", "")
    [offer] = [each for each in wanted.offers([(*found, 3)]) if each.label == found[0]]
    assert plain[: wanted.start] + offer.insert + plain[wanted.end :] == after


@pytest.mark.parametrize(
    ("text", "kind", "prefix", "key", "insert"),
    [
        ("ht", "key", "ht", "", '"a b"'),
        ("x=1 http.route=/c", "value", "/c", "http.route", '"a b"'),
        ("resource.clo", "key", "clo", "", 'resource."a b"'),
        ('zone!="eu w', "value", "eu w", "zone", '"a b"'),
    ],
)
def test_the_attributes_of_the_form_are_completed_too(
    text: str, kind: str, prefix: str, key: str, insert: str
) -> None:
    wanted = completion.in_field("attributes", text, len(text), "cart")
    assert (wanted.kind, wanted.prefix, wanted.key, wanted.service) == (kind, prefix, key, "cart")
    assert wanted.offers([("a b", "", 1)])[0].insert == insert


@given(st.text(max_size=60), st.integers(0, 60), st.sampled_from(["query", "attributes", "service"]))
def test_no_text_breaks_completion(text: str, cursor: int, field: str) -> None:
    cursor = min(cursor, len(text))
    wanted = completion.in_field(field, text, cursor, "cart")
    assert 0 <= wanted.start <= cursor <= wanted.end <= len(text)
    wanted.offers([("x", "span", 1)])
