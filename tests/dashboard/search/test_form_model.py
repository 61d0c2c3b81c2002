import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.query import traceql as collector
from dashboard.search import form_model, traceql_words
from dashboard.search.form_model import Form, FormError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
DURATIONS = st.sampled_from(["", "100ms", "1.5s", "900us", "1h30m"])
# Any character, and often those that mean something beside a dot.
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.lists(
    st.sampled_from([".", "a", "1", "_", "-", "span", "resource", "event", '"', "\\"]), min_size=1, max_size=5
).map("".join)
ATTRIBUTES = st.lists(
    st.builds(
        lambda scope, key, op, value: f"{scope}{traceql_words.quote(key)}{op}{traceql_words.quote(value)}",
        st.sampled_from(["", "span.", "resource."]),
        KEYS,
        st.sampled_from(["=", "!="]),
        TEXT,
    ),
    max_size=3,
).map(" ".join)
FORMS = st.builds(
    Form,
    service=TEXT,
    operation=TEXT,
    status=st.sampled_from(form_model.STATUSES),
    min=DURATIONS,
    max=DURATIONS,
    attributes=ATTRIBUTES,
)


@given(FORMS)
@example(Form(attributes='"."="x"'))
@example(Form(attributes='".."="x"'))
@example(Form(attributes='".a"!="x"'))
@example(Form(attributes='"span.a"="x" span."."="x" "a."="x"'))
def test_form_and_query_say_the_same(form: Form) -> None:
    query = form_model.text(form)
    again = form_model.form(query)
    assert again is not None
    assert form_model.text(again) == query
    assert (again.service, again.operation, again.status, again.min, again.max) == (
        form.service,
        form.operation,
        form.status,
        form.min,
        form.max,
    )
    assert form_model.form(form_model.text(again)) == again


@given(FORMS)
def test_the_collector_understands_every_form(form: Form) -> None:
    if query := form_model.text(form):
        assert collector.parse(query)


@pytest.mark.parametrize(
    ("form", "query"),
    [
        (Form(), ""),
        (Form(service="cart"), '{ resource.service.name = "cart" }'),
        (Form(operation="pay", attributes="error=true"), '{ name = "pay" && status = error }'),
        (Form(min="100 ms", max="2S"), "{ duration >= 100ms && duration <= 2s }"),
        (
            Form(attributes='http.status_code>=500 "a key"=x resource.zone!="a b" span.retry=true'),
            '{ .http.status_code >= 500 && ."a key" = "x" && resource.zone != "a b" && span.retry = true }',
        ),
        (
            Form(attributes='"."=x ".a"=x .a=x span."..b"=x "span.c"=x a.=x'),
            '{ ."." = "x" && .".a" = "x" && .a = "x" && span."..b" = "x" && .span.c = "x" && .a. = "x" }',
        ),
    ],
)
def test_what_a_form_asks(form: Form, query: str) -> None:
    assert form_model.text(form) == query


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("{ }", Form()),
        ('{ span:name = "GET /" && resource.service.name=`cart` }', Form(service="cart", operation="GET /")),
        ("{status=error&&.n>-1.5}", Form(status="error", attributes="n>-1.5")),
        ('{ .code = "500" && .who = nil }', Form(attributes='code="500" who=nil')),
        ('{ .. = "x" && ...a = "x" }', Form(attributes='"."=x "..a"=x')),
        ('{ .span.a = "x" && span.span.a = "x" }', Form(attributes='"span.a"=x span."span.a"=x')),
    ],
)
def test_a_query_that_a_form_can_express_fills_it(query: str, form: Form) -> None:
    assert form_model.form(query) == form


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ } && { }",
        "{ status = error } | count() > 2",
        "{ a || b }",
        "{ .a = 1 || .b = 2 }",
        "{ duration > 1s }",
        "{ duration = 5 }",
        "{ .a = .b }",
        "{ !(.a = 1) }",
        "{ kind = client }",
        '{ name = "a" && name = "b" }',
        "{ status = error && status = ok }",
        "{ .a = 5ms }",
        "{ .a }",
        '{ name =~ "a.*" }',
        "{ .error = true }",
        '{ .a = "\\a" }',
        "nonsense",
        "{ && }",
        "{ .a = 1 && }",
    ],
)
def test_what_a_form_cannot_express_has_none(query: str) -> None:
    assert form_model.form(query) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(query: str) -> None:
    filled = form_model.form(query)
    if filled is not None:
        form_model.text(filled)
    covered = {at for token in traceql_words.tokens(query) for at in range(token.start, token.end)}
    assert all(at in covered or letter.isspace() for at, letter in enumerate(query))


@pytest.mark.parametrize(
    ("form", "fix"),
    [
        (Form(min="fast"), "At least is 'fast'"),
        (Form(max="10"), "a number and a unit"),
        (Form(attributes="error"), "write key=value"),
        (Form(attributes='a="b'), "with quotes"),
        (Form(attributes="a(b)=c"), "quote a name"),
        (Form(attributes='a="\\x"'), "backslash"),
    ],
)
def test_what_cannot_be_asked_names_the_field_and_the_fix(form: Form, fix: str) -> None:
    with pytest.raises(FormError, match=fix):
        form_model.text(form)


@pytest.mark.parametrize(
    ("query", "after"),
    [
        ("", '{ resource.service.name = "cart" && span.zone = "a" }'),
        ('{ resource.service.name = "cart" }', '{ resource.service.name = "cart" && span.zone = "a" }'),
        ("{ status = error }", '{ status = error } && { resource.service.name = "cart" && span.zone = "a" }'),
        ("{ .a } || { .b }", '({ .a } || { .b }) && { resource.service.name = "cart" && span.zone = "a" }'),
    ],
)
def test_a_condition_is_added_to_a_query(query: str, after: str) -> None:
    assert form_model.with_condition(query, "cart", "span", "zone", "a") == after
    assert collector.parse(after)


@given(TEXT, st.sampled_from(["span", "resource"]), KEYS, TEXT)
def test_any_attribute_can_be_asked_for(service: str, scope: str, key: str, value: str) -> None:
    for before in ("", "{ status = error }", "{ .a } >> { .b } | count() > 1"):
        assert collector.parse(form_model.with_condition(before, service, scope, key, value))
