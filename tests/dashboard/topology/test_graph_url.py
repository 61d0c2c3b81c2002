from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.topology.graph_url import GROUPS, LABELS, WAYS, GraphView

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
VIEWS = st.builds(
    GraphView,
    node=TEXTS,
    source=TEXTS,
    target=TEXTS,
    find=TEXTS,
    hide=TEXTS,
    focus=TEXTS,
    path=st.lists(TEXTS.filter(lambda name: name and "\x1f" not in name)).map(tuple),
    hops=st.integers(1, 9),
    way=st.sampled_from(list(WAYS)),
    label=st.sampled_from(list(LABELS)),
    group=st.sampled_from(list(GROUPS)),
    idle=st.booleans(),
    slow=st.integers(0, 9999).map(float),
    at=st.integers(0, 2_000_000_000),
    span=st.integers(1, 604_800),
    compare=st.integers(0, 604_800),
    than=st.integers(0, 2_000_000_000),
    than_span=st.integers(0, 604_800),
)


@given(VIEWS)
def test_a_url_says_all_of_a_view(view: GraphView) -> None:
    assert GraphView.of_search(view.search()) == view
    assert not GraphView.of_search(view.search()).problems


def test_the_usual_view_needs_no_words() -> None:
    assert GraphView().search() == ""


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("?hops=many", "hops is 'many': write a whole number from 1 to 9"),
        ("?hops=0", "hops is '0'"),
        ("?label=p98", "label is 'p98': write one of both, rate"),
        ("?at=-5", "at is '-5'"),
        ("?warn=nan", "warn is 'nan': write a number from 0 to 100"),
        ("?bad=99.9", "bad is 99.9: it must not be above warn (99.5)"),
        ("?span=" + quote("٣"), "span is"),
    ],
)
def test_what_cannot_be_meant_is_named_and_takes_its_default(search: str, told: str) -> None:
    view = GraphView.of_search(search)
    assert view == GraphView()
    (problem,) = view.problems
    assert problem.startswith(told)


@given(TEXTS)
def test_any_url_is_a_view(text: str) -> None:
    GraphView.of_search("?" + text)


def test_selecting_keeps_the_rest() -> None:
    view = GraphView.of_search("?find=rt+%3E+1&from=a&to=b&path=b&hops=2")
    assert view.selected == ("a", "b")
    assert view.selecting("c") == "/?node=c&find=rt+%3E+1&hops=2"
    assert view.selecting() == "/?find=rt+%3E+1&hops=2"


def test_windows_end_now_or_when_it_is_said_but_never_later() -> None:
    assert GraphView().window(1000.9) == (940_000_000, 1000_000_000)
    assert GraphView(at=500).window(1000.9) == (440_000_000, 500_000_000)
    assert GraphView(at=5000).window(1000.9) == (940_000_000, 1000_000_000)


def test_the_other_window_is_earlier_and_as_long_or_of_any_length() -> None:
    assert GraphView(compare=1).before(1000.0) == (880_000_000, 940_000_000)
    assert GraphView(compare=300, span=10).before(1000.0) == (690_000_000, 700_000_000)
    assert GraphView(compare=1, than_span=300).before(1000.0) == (640_000_000, 940_000_000)
    assert GraphView(than=500, compare=1).before(1000.0) == (440_000_000, 500_000_000)
    assert GraphView(at=900, than=500, than_span=100).before(1000.0) == (400_000_000, 500_000_000)
    assert GraphView(than=5000).before(1000.0) == (940_000_000, 1000_000_000)
    assert not GraphView(than_span=60).compared
