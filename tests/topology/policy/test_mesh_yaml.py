"""mesh.yaml: valid files, and every mistake with line, key, value and fix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from topology.policy.mesh_yaml import parse
from topology.policy.models import Harm, Policy, RetryPolicy, ServicePolicy
from topology.policy.problems import PolicyError

WHOLE = """\
services:
  reviews:
    stage: route
    percent: 25
    timeout: 1.5s
    retries: {attempts: 3, on: [5xx, connect-failure], budget: 20%, per_try: 500ms}
    split: {v1: 90, v2: 10}
    endpoints: [10.0.0.7:9080, "[::1]:9080"]
  ratings:
    stage: advise
  details:
"""


def test_a_whole_file() -> None:
    assert parse(WHOLE) == Policy(
        services={
            ServiceId("reviews"): ServicePolicy(
                stage=Stage.ROUTE,
                percent=25,
                timeout=1.5,
                retries=RetryPolicy(attempts=3, on=("5xx", "connect-failure"), budget=0.2, per_try=0.5),
                split={"v1": 90, "v2": 10},
                endpoints=("10.0.0.7:9080", "[::1]:9080"),
            ),
            ServiceId("ratings"): ServicePolicy(stage=Stage.ADVISE),
            ServiceId("details"): ServicePolicy(),
        }
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "services:\n", "services: {}\n"])
def test_nothing_is_a_policy_too(text: str) -> None:
    assert parse(text) == Policy()


def service(*lines: str) -> str:
    return "services:\n  a:\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("servces: {}", 1, "servces", ["unknown key", "did you mean 'services'?"]),
        ("a: [", 1, "the file", ["not YAML", "brackets"]),
        ("services: {}\nservices: {}", 2, "services", ["twice"]),
        ("services:\n  Reviews: {}\n  reviews: {}", 3, "services.reviews", ["twice", "case"]),
        ("services: {}\n--- {}", 2, "the file", ["not YAML"]),
        ("\x00", 1, "the file", ["not text"]),
        ("- a", 1, "the file", ["must be a mapping"]),
        ("services: [a]", 1, "services", ["must be a mapping"]),
        ("services:\n  'a b': {}", 2, "services.a b", ["not a service name", "--service"]),
        ("services:\n  ? [a]\n  : {}", 2, "services", ["not text"]),
        (service("stgae: route"), 3, "services.a.stgae", ["did you mean 'stage'?"]),
        (service("colour: red"), 3, "services.a.colour", ["unknown key", "use one of: stage"]),
        (service("stage: rout"), 3, "services.a.stage", ["'rout'", "did you mean 'route'?"]),
        (service("stage:"), 3, "services.a.stage", ["has no value"]),
        (service("stage: route", "percent: 101"), 4, "services.a.percent", ["'101'", "0 to 100"]),
        (service("stage: route", "percent: 2.5"), 4, "services.a.percent", ["'2.5'", "whole number"]),
        (service("stage: observe", "percent: 5"), 4, "services.a.percent", ["stage: route"]),
        (service("timeout: 2"), 3, "services.a.timeout", ["'2'", "2s"]),
        (service("timeout: 0s"), 3, "services.a.timeout", ["not a duration"]),
        (service("timeout: [1s]"), 3, "services.a.timeout", ["no value", "one value"]),
        (service("retries: 3"), 3, "services.a.retries", ["mapping"]),
        (service("retries: {attempts: 0}"), 3, "services.a.retries.attempts", ["'0'", "1 to 10"]),
        (service("retries: {on: 5xx}"), 3, "services.a.retries.on", ["list"]),
        (service("retries: {on: [6xx]}"), 3, "services.a.retries.on", ["'6xx'", "did you mean '5xx'?"]),
        (service("retries: {budget: 0.2}"), 3, "services.a.retries.budget", ["'0.2'", "20%"]),
        (service("retries: {per_try: 5}"), 3, "services.a.retries.per_try", ["'5'", "2s"]),
        (service("retries: {atempts: 2}"), 3, "services.a.retries.atempts", ["'attempts'"]),
        (service("split: {v1: -1}"), 3, "services.a.split.v1", ["'-1'"]),
        (service("split: {v1: 0, v2: 0}"), 3, "services.a.split", ["above 0"]),
        (service("endpoints: 10.0.0.1:80"), 3, "services.a.endpoints", ["list"]),
        (service("endpoints:", "- 10.0.0.1:80", "- db:80"), 5, "services.a.endpoints", ["'db:80'"]),
        (service("endpoints: [db]"), 3, "services.a.endpoints", ["'db'", "IP:PORT"]),
        (service("endpoints: [10.0.0.1:0]"), 3, "services.a.endpoints", ["port 0"]),
        (service("endpoints: [10.0.0.1:8, 10.0.0.1:8]"), 3, "services.a.endpoints", ["twice"]),
        ("services: " + "[" * 3000, 1, "the file", ["nested too deeply"]),
        ("services: {a: " + "{b: " * 700 + "1" + "}" * 701, 1, "the file", ["nested too deeply"]),
    ],
)
def test_what_is_wrong_is_named(text: str, line: int, key: str, words: list[str]) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (line, key)
    assert problem.fix
    assert all(word in str(problem) for word in words)
    assert "\n" not in str(problem)


def test_all_problems_are_named_at_once_in_order() -> None:
    with pytest.raises(PolicyError) as caught:
        parse("services:\n  a: {stage: x}\n  b: {timeout: y}\nother: 1\n")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]
    assert str(caught.value).count("\n") == 2


@given(st.text(alphabet="servics:\n -{}[]&*!ab01'\"#%>|,", max_size=40))
def test_any_text_parses_or_is_a_policy_error(text: str) -> None:
    try:
        found = parse(text)
    except PolicyError as error:
        found = Policy()
        problems = error.problems
    else:
        problems = ()
    assert isinstance(found, Policy)
    assert all(problem.line >= 1 and problem.fix for problem in problems)


def test_guard_and_health() -> None:
    text = 'services: {b: {stage: route, percent: 5, guard: true, health: "/healthz?full=1"}}'
    entry = parse(text).services[ServiceId("b")]
    assert (entry.guard, entry.health) == (Harm(), "/healthz?full=1")
    assert parse("services: {b: {guard: false}}").services[ServiceId("b")].guard is None
    given = parse("services: {b: {guard: {success: 2%, slower: 1.5}}}").services[ServiceId("b")].guard
    assert given == Harm(success=0.02, slower=1.5)
    for word, compared in (("true", True), ("false", False)):
        sized = parse(f"services: {{b: {{guard: {{sizes: {word}}}}}}}").services[ServiceId("b")].guard
        assert sized == Harm(sizes=compared)
    assert not Harm().sizes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("guard: maybe", "services.b.guard: is 'maybe'; write true, false or {success: 0.5%, slower: 1.2}"),
        ("guard: {slower: 0.9}", "services.b.guard.slower: is '0.9'; write a number above 1"),
        ("guard: {sizes: big}", "services.b.guard.sizes: is 'big'; write true or false"),
        ("guard: {success: much}", "services.b.guard.success: 'much' is not a percentage from 0% to 100%"),
        ("guard: {sucess: 1%}", "services.b.guard.sucess: unknown key; did you mean 'success'?"),
        ("health: healthz", "services.b.health: 'healthz' is not a path"),
        ('health: "/a b"', "services.b.health: '/a b' is not a path"),
        ('health: "/a\\r\\nx: y"', "is not a path"),
        ("guard: ", "services.b.guard: has no value"),
    ],
)
def test_a_bad_guard_or_health_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(f"services:\n  b:\n    {text}\n")
    assert message in str(caught.value)
    assert "line 3" in str(caught.value)


KEYS = ("stage", "percent", "timeout", "retries", "split", "endpoints", "health", "guard", "colour")
VALUES = (
    *(
        "",
        "~",
        "x",
        "5",
        "-1",
        "101",
        "route",
        "true",
        "1s",
        "20%",
        "/a",
        '"{fix}"',
        '"a\\nb"',
        "[a]",
        "[[5xx]]",
        "{}",
    ),
    *(
        "{a: 1}",
        "{a: {b: 1}}",
        "[10.0.0.1:80, db, 10.0.0.1:80, ~]",
        "{v1: 0}",
        "{v1: 1, v1: 2}",
        "{? [a] : b}",
    ),
    *("{attempts: 99, on: reset, budget: 3, per_try: 1, x: 1}", "{success: 1, slower: 1}", "&x [1, *x]"),
)


@pytest.mark.parametrize("key", KEYS)
def test_every_wrong_value_is_named_at_its_line_in_our_words(key: str) -> None:
    for value in VALUES:
        text = f"services:\n  a:\n    stage: route\n  b:\n    {key}:\n      {value}\n"
        try:
            parse(text)
        except PolicyError as error:
            for problem in error.problems:
                whole = problem.key == f"services.b.{key}"
                at_key = whole and (value == "" or problem.message == "unknown key")
                assert problem.line == (5 if at_key else 6), text
                assert problem.key.startswith(f"services.b.{key}")
                assert "docs/" not in problem.fix, "pydantic's own words"
                assert "\n" not in str(problem)


def test_an_alias_stands_for_what_its_anchor_holds_even_for_itself() -> None:
    found = parse("services:\n  a: &a {stage: route}\n  b: *a\n")
    assert (
        found.services[ServiceId("a")] == found.services[ServiceId("b")] == ServicePolicy(stage=Stage.ROUTE)
    )
    with pytest.raises(PolicyError) as caught:
        parse("services: &a\n  a: *a\n")
    assert [str(problem) for problem in caught.value.problems] == [
        "line 2: services.a.a: unknown key; use one of: " + ", ".join(ServicePolicy.model_fields)
    ]


def test_lists_that_contain_themselves_are_no_endpoints() -> None:
    with pytest.raises(PolicyError) as caught:
        parse("services: {a: {endpoints: [&a [*a], &b [*b], &a2 {x: 1}, *a2]}}")
    assert [each.message for each in caught.value.problems] == [
        *["has no value but a list"] * 2,
        *["has no value but a mapping"] * 2,
    ]


def test_the_first_of_two_equal_keys_is_read_and_the_second_named() -> None:
    with pytest.raises(PolicyError) as caught:
        parse("services:\n  a:\n    timeout: x\n    timeout: y\n")
    assert [(each.line, each.message) for each in caught.value.problems] == [
        (3, "'x' is not a duration"),
        (4, "is there twice"),
    ]


def test_problems_of_a_list_are_at_the_line_of_their_item() -> None:
    with pytest.raises(PolicyError) as caught:
        parse(service("endpoints:", "- 10.0.0.1:80", "- db", "- 10.0.0.1:80"))
    assert [(each.line, each.key) for each in caught.value.problems] == [
        (5, "services.a.endpoints"),
        (6, "services.a.endpoints"),
    ]
