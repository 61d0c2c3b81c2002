"""The language of the graph's find and hide boxes: ``rt > 500 and !(name ~ pay)``. Pure.

    expression = term { ("or" | "||") term }        term = factor { ("and" | "&&") factor }
    factor     = ("!" | "not") factor | "(" expression ")" | field [ operator value ]

A field alone is a question (``traffic``, ``ejected``). Words compare without regard to case with
``=``, ``!=``, ``~`` (contains) and ``!~``; numbers with all six comparisons, in ms, % and per second
unless a unit says otherwise. A field that a thing does not have, or has no value of, matches nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

# The text comes from a URL and the parser is recursive: deeper nesting would overflow Python's stack.
_MAX_DEPTH: Final = 40

Thing = Mapping[str, Any]
Test = Callable[[Thing], bool]
"""Whether a node or an edge of the API's graph matches."""

# Signs of two characters come before those of one, or ">=" would be read as ">" and "=".
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>\"[^\"]*\"|'[^']*')|(?P<sign>&&|\|\||!=|>=|<=|!~|[=<>~!()])"
    r"|(?P<word>[^\s\"'&|!=<>~()]+))"
)
_NUMBER: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(µs|us|ms|s|min|%|k|rps|/s)?", re.IGNORECASE)
_UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "ms": {"": 1, "us": 1e-3, "µs": 1e-3, "ms": 1, "s": 1e3, "min": 6e4},
    "%": {"": 1, "%": 1},
    "/s": {"": 1, "rps": 1, "/s": 1, "k": 1e3},
    "": {"": 1, "k": 1e3},
}


@dataclass(frozen=True, slots=True)
class Number:
    """A field measured in ``unit``; None where there was no traffic."""

    unit: str
    of: Callable[[Thing], float | None]


def _error(thing: Thing) -> float | None:
    return None if thing.get("success") is None else 100 * (1 - float(thing["success"]))


def _success(thing: Thing) -> float | None:
    return None if thing.get("success") is None else 100 * float(thing["success"])


NUMBERS: Final[Mapping[str, Number]] = {
    "rate": Number("/s", lambda thing: thing["rate"]),
    "error": Number("%", _error),
    "success": Number("%", _success),
    "p50": Number("ms", lambda thing: thing["p50"]),
    "p90": Number("ms", lambda thing: thing["p90"]),
    "p99": Number("ms", lambda thing: thing["p99"]),
    "rt": Number("ms", lambda thing: thing["p99"]),
    "calls": Number("", lambda thing: thing["count"]),
    "endpoints": Number("", lambda thing: thing.get("endpoints")),
    "percent": Number("%", lambda thing: thing.get("percent")),
}
WORDS: Final[Mapping[str, Callable[[Thing], list[str]]]] = {
    "name": lambda thing: [thing["name"]] if "name" in thing else [],
    "kind": lambda thing: [thing["kind"]] if "kind" in thing else [],
    "stage": lambda thing: [thing["stage"]] if thing.get("stage") else [],
    "version": lambda thing: list(thing.get("versions", ())),
    "zone": lambda thing: list(thing.get("zones", ())),
    "namespace": lambda thing: list(thing.get("namespaces", ())),
    "from": lambda thing: [thing["source"]] if "source" in thing else [],
    "to": lambda thing: [thing["target"]] if "target" in thing else [],
    "protocol": lambda thing: [thing["protocol"]] if "protocol" in thing else [],
    "encrypted": lambda thing: [thing.get("encrypted") or "unknown"] if "source" in thing else [],
}
FLAGS: Final[Mapping[str, Test]] = {
    "traffic": lambda thing: bool(thing["count"]),
    "idle": lambda thing: not thing["count"],
    "failing": lambda thing: bool(thing["errors"]),
    "ejected": lambda thing: bool(thing.get("ejected")),
    "sidecar": lambda thing: bool(thing.get("sidecar")),
    "node": lambda thing: "name" in thing,
    "edge": lambda thing: "source" in thing,
}
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


class FindError(Exception):
    """An error in an expression at ``column`` (from 1); the text says what to write."""

    def __init__(self, column: int, text: str) -> None:
        super().__init__(text)
        self.column = column


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse(text: str) -> Test:
    """Parse an expression to its test; an empty one matches nothing. Raises FindError."""
    tokens = _tokens(text)
    if not tokens:
        return lambda _: False
    parser = _Parser(tokens, len(text) + 1)
    test = parser.either()
    if (rest := parser.next()) is not None:
        raise FindError(rest.column, f"put and or or before {rest.text!r}")
    return test


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            column = place + len(text[place:]) - len(text[place:].lstrip()) + 1
            raise FindError(column, f'{text[column - 1]!r} does not belong here; quote names: name = "a b"')
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        place = match.end()
    return found


class _Parser:
    """A recursive descent parser; ``end`` is the column after the last character."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._place = 0
        self._end = end
        self._depth = 0

    def _here(self) -> int:
        token = self.next()
        return token.column if token else self._end

    def next(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _taken(self, *texts: str) -> bool:
        token = self.next()
        if token is None or token.kind == "text" or token.text.lower() not in texts:
            return False
        self._place += 1
        return True

    def either(self) -> Test:
        test = self._both()
        while self._taken("or", "||"):
            test = _or(test, self._both())
        return test

    def _both(self) -> Test:
        test = self._factor()
        while self._taken("and", "&&"):
            test = _and(test, self._factor())
        return test

    def _factor(self) -> Test:
        # Counted in a loop and not by recursion: a thousand "!" are as cheap as one.
        turns = 0
        while self._taken("!", "not"):
            turns += 1
        test = self._group() if self._taken("(") else self._field()
        return _not(test) if turns % 2 else test

    def _group(self) -> Test:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FindError(self._here(), f"nest at most {_MAX_DEPTH} parentheses")
        test = self.either()
        if not self._taken(")"):
            raise FindError(self._here(), "close the parenthesis with )")
        self._depth -= 1
        return test

    def _field(self) -> Test:
        token = self.next()
        if token is None:
            raise FindError(self._end, f"a field is missing; fields are {_choices()}")
        self._place += 1
        name = token.text.lower()
        if token.kind != "word" or name not in {*NUMBERS, *WORDS, *FLAGS}:
            raise FindError(token.column, f"{token.text!r} is not a field; fields are {_choices()}")
        # A flag takes no value, so whatever follows it must be a word between two terms.
        if name in FLAGS:
            return FLAGS[name]
        operator = self.next()
        if operator is None or operator.text not in (*_COMPARE, "~", "!~"):
            raise FindError(self._here(), f"compare {name}, as in {_example(name)}")
        self._place += 1
        value = self.next()
        if value is None or value.kind == "sign":
            raise FindError(self._here(), f"a value is missing, as in {_example(name)}")
        self._place += 1
        return _number(name, operator, value) if name in NUMBERS else _word(name, operator, value)


def _number(name: str, operator: _Token, value: _Token) -> Test:
    field = NUMBERS[name]
    if operator.text not in _COMPARE:
        raise FindError(operator.column, f"{name} is a number: compare it with =, !=, <, <=, > or >=")
    match = _NUMBER.fullmatch(value.text)
    unit = (match[2] or "").lower() if match else ""
    if match is None or unit not in _UNITS[field.unit]:
        units = ", ".join(each for each in _UNITS[field.unit] if each) or "none"
        raise FindError(value.column, f"write a number, as in {_example(name)}; units: {units}")
    limit, compare = float(match[1]) * _UNITS[field.unit][unit], _COMPARE[operator.text]

    def test(thing: Thing) -> bool:
        measured = field.of(thing)
        # No traffic means no latency, which is neither above nor below a limit.
        return measured is not None and compare(measured, limit)

    return test


def _word(name: str, operator: _Token, value: _Token) -> Test:
    if operator.text not in ("=", "!=", "~", "!~"):
        raise FindError(operator.column, f"{name} is a word: compare it with =, !=, ~ (contains) or !~")
    text = value.text[1:-1] if value.kind == "text" else value.text
    wanted, whole, negated = text.casefold(), operator.text.endswith("="), operator.text.startswith("!")
    of = WORDS[name]

    def test(thing: Thing) -> bool:
        words = [word.casefold() for word in of(thing)]
        found = wanted in words if whole else any(wanted in word for word in words)
        # Also ``!=`` matches nothing where the field is missing: "zone != a" means nodes in another zone, not
        # those without any.
        return bool(words) and found is not negated

    return test


def _or(one: Test, other: Test) -> Test:
    return lambda thing: one(thing) or other(thing)


def _and(one: Test, other: Test) -> Test:
    return lambda thing: one(thing) and other(thing)


def _not(test: Test) -> Test:
    return lambda thing: not test(thing)


def _choices() -> str:
    return ", ".join(sorted({*NUMBERS, *WORDS, *FLAGS}))


def _example(name: str) -> str:
    if name in WORDS:
        return "encrypted = no" if name == "encrypted" else f"{name} ~ pay"
    return f"{name} > {({'ms': '500ms', '%': '1%', '/s': '10'}).get(NUMBERS[name].unit, '2')}"
