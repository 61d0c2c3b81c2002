"""Attributes that tell some traces from the rest: which are compared, and a condition at a click."""

from typing import Any, cast

from dashboard.api.client import Client
from dashboard.search.attribute_comparison import view
from dashboard.search.search_url import TraceQuery
from proxy.contract.api.analysis import AttributeComparison
from tests.dashboard.text import hrefs, words


class Answers:
    """A client that knows one comparison."""

    def __init__(self, selected: int = 40, rest: int = 60, sampled: int = 40, *attributes: Any) -> None:
        self.asked: list[Any] = []
        self._reply = {
            "selected": {"traces": selected, "sampled": sampled},
            "rest": {"traces": rest, "sampled": rest},
            "window": {"start": 0, "end": 60_000_000},
            "threshold": 120.0,
            "partial": False,
            "attributes": list(attributes),
        }

    def compare_attributes(self, parameters: Any) -> AttributeComparison:
        self.asked.append(parameters)
        return cast(AttributeComparison, self._reply)


ONE = {
    "service": "cart",
    "scope": "span",
    "key": "region",
    "value": "eu",
    "lift": 4.0,
    "separation": 0.5,
    "p": 1e-9,
    "selected": {"share": 0.9, "count": 36},
    "rest": {"share": 0.225, "count": 13},
}


def shown(query: TraceQuery, answers: Answers) -> Any:
    return view(query, cast(Client, answers), 0)


def test_both_sides_are_counted_and_named() -> None:
    said = words(shown(TraceQuery(view="different", selection="errors"), Answers()))
    assert "40 failing traces" in said
    assert "against 60 others" in said
    assert "slower than 120 ms" in words(shown(TraceQuery(selection="slow"), Answers()))
    assert "traces of 1ms to 2ms" in words(
        shown(TraceQuery(selection="slow", low="1ms", high="2ms"), Answers())
    )


def test_samples_are_said() -> None:
    assert "Examined 10 and 60 of them" in words(shown(TraceQuery(selection="errors"), Answers(40, 60, 10)))


def test_an_attribute_becomes_a_condition_of_the_query() -> None:
    found = shown(TraceQuery(view="different", selection="errors"), Answers(40, 60, 40, ONE))
    said = words(found)
    assert "4.0 times as often" in said
    assert "0.50 bit" in said
    to = TraceQuery.of_search(hrefs(found)[-1].partition("?")[2])
    assert "region" in to.search()
    assert "cart" in to.search()


def test_without_traces_on_a_side_or_attributes_it_says_so() -> None:
    assert "No trace is selected" in words(shown(TraceQuery(selection="errors"), Answers(selected=0)))
    assert "left to compare with" in words(shown(TraceQuery(selection="errors"), Answers(rest=0)))
    assert "Nothing tells them apart" in words(shown(TraceQuery(selection="errors"), Answers()))


def test_an_empty_query_is_not_compared() -> None:
    answers = Answers()
    assert "The query is empty" in words(shown(TraceQuery(selection="q"), answers))
    assert answers.asked == []
