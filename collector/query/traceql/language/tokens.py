"""Query text to tokens. Raises TraceQLError."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from collector.query.traceql.language.errors import Position, TraceQLError
from collector.query.traceql.language.names import INTRINSIC_SCOPES, PARENT, SCOPES
from proxy.contract.api.parameters import UNITS_NS

TEXT_MAX: Final = 5000  # characters; what a person or a form writes is far below


class Kind(Enum):
    """The kind of a token."""

    STRING = auto()
    INTEGER = auto()
    FLOAT = auto()
    DURATION = auto()
    WORD = auto()  # name, nil, count, span:name
    ATTRIBUTE = auto()  # value: the key; text: the scope, with parent or parent. before it
    MARK = auto()  # operators and brackets
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, where it is, and the value it means."""

    kind: Kind
    text: str
    at: Position
    value: str | int | float = ""


# Longer ones first: the pattern takes the first that fits.
_MARKS: Final = (
    "&>>",
    "&<<",
    "!>>",
    "!<<",
    "&&",
    "||",
    "!=",
    "=~",
    "!~",
    ">=",
    "<=",
    ">>",
    "<<",
    "!>",
    "!<",
    "&>",
    "&<",
    "&~",
    "=",
    ">",
    "<",
    "!",
    "~",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "(",
    ")",
    "{",
    "}",
    "|",
    ",",
)
_MARK: Final = re.compile("|".join(map(re.escape, _MARKS)))
# White space and comments, as in Go, whose scanner Tempo reads queries with.
_SPACE: Final = re.compile(r"(?:\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?::[A-Za-z_][A-Za-z0-9_]*)?")
_SCOPE: Final = re.compile(rf"({PARENT}\.(?:{'|'.join(SCOPES)})|[A-Za-z]*)\.")
# What may be part of a key without quotes: no white space, bracket, quote or sign of comparison.
KEY: Final = re.compile(r"[^\s{}()=~!<>&|^,\"`]+")
_NUMBER: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TIME: Final = re.compile(
    r"(?:(?:[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})(?:ns|us|µs|μs|ms|s|m|h|d|w|y))+(?![A-Za-z0-9_.])"
)
# As in Prometheus, whose durations TraceQL takes beside Go's.
_UNITS: Final = {**UNITS_NS, "w": 7 * UNITS_NS["d"], "y": 365 * UNITS_NS["d"]}
_TAIL: Final = re.compile(r"[A-Za-z0-9_µμ.]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PIECE: Final = re.compile(r"([0-9.]+)([a-zµμ]+)")
_ESCAPES: Final = {
    '"': '"',
    "\\": "\\",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_CODE: Final = {"u": re.compile(r"[0-9a-fA-F]{4}"), "U": re.compile(r"[0-9a-fA-F]{8}")}


def tokens(text: str) -> list[Token]:
    """Return the tokens of a query, END the last."""
    if len(text) > TEXT_MAX:
        raise TraceQLError(
            f"the query has {len(text)} characters: write at most {TEXT_MAX}", Position(TEXT_MAX + 1, 1)
        )
    if bad := _SURROGATE.search(text):
        raise TraceQLError("this is not Unicode: leave the lone surrogate out", Position(bad.start() + 1, 1))
    found = []
    position = _SPACE.match(text).end()  # type: ignore[union-attr]  # it matches anything
    while position < len(text):
        token = _token(text, position)
        found.append(token)
        position = _SPACE.match(text, position + token.at.length).end()  # type: ignore[union-attr]
    return [*found, Token(Kind.END, "", Position(len(text) + 1, 1))]


def _token(text: str, start: int) -> Token:
    first = text[start]
    if first in '"`':
        value, end = _string(text, start)
        return Token(Kind.STRING, text[start:end], Position(start + 1, end - start), value)
    # Before attributes: ".5" is a number, and a key that begins with a digit must be quoted.
    if number := _NUMBER.match(text, start):
        return _number(text, start, number.group())
    scope = _SCOPE.match(text, start)
    if scope and (scope[1] in SCOPES or not scope[1] or scope[1].startswith(PARENT)):
        return _attribute(text, start, scope[1])
    if scope and scope[1] in INTRINSIC_SCOPES:
        at = Position(start + 1, scope.end() - start)
        raise TraceQLError(f"{scope[0]} has no attributes: {INTRINSIC_SCOPES[scope[1]]}", at)
    found = _WORD.match(text, start)
    kind = Kind.WORD if found else Kind.MARK
    found = found or _MARK.match(text, start)
    if not found:
        raise TraceQLError(_unknown(first), Position(start + 1, 1))
    return Token(kind, found.group(), Position(start + 1, found.end() - start))


def _unknown(character: str) -> str:
    if character == "'":
        return 'strings stand in double quotes: write "text" or `text`'
    if character == "&":
        return "write && for and"
    return f"{character!r} means nothing here: write a string in double quotes if it is part of a text"


def _number(text: str, start: int, digits: str) -> Token:
    if time := _TIME.match(text, start):
        at = Position(start + 1, time.end() - start)
        total = round(sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(time[0])))
        if total >= 2**62:
            raise TraceQLError("this is longer than 146 years: write a shorter duration", at)
        return Token(Kind.DURATION, time[0], at, total)
    at = Position(start + 1, len(digits))
    if tail := _TAIL.match(text, start + len(digits)):
        at = Position(start + 1, tail.end() - start)
        raise TraceQLError(
            f"{text[start : tail.end()]!r} is neither a number nor a duration: "
            "durations end in ns, us, ms, s, m, h, d, w or y, texts stand in double quotes",
            at,
        )
    # Digits are counted before int(), which refuses thousands of them with an error of its own.
    if digits.isdigit():
        if len(digits) > 19 or int(digits) >= 2**63:
            raise TraceQLError("this number is too large: write one of 64 bits", at)
        return Token(Kind.INTEGER, digits, at, int(digits))
    if float(digits) == float("inf"):
        raise TraceQLError("this number is too large: write one below 1.8e308", at)
    return Token(Kind.FLOAT, digits, at, float(digits))


def _attribute(text: str, start: int, scope: str) -> Token:
    """Return a key after its scope: bare characters and quoted pieces in any order."""
    position = begin = start + len(scope) + 1
    key = ""
    while position < len(text):
        if text[position] == '"':
            piece, position = _string(text, position)
        elif bare := KEY.match(text, position):
            piece, position = bare.group(), bare.end()
        else:
            break
        key += piece
    at = Position(start + 1, max(position, begin) - start)
    if not key:
        example = f'{scope}.key or {scope}."a key"'
        raise TraceQLError(f"the name of an attribute is expected after {scope}.: write {example}", at)
    return Token(Kind.ATTRIBUTE, scope, at, key)


def _string(text: str, start: int) -> tuple[str, int]:
    """Return the string that begins with the quote at ``start``, and where it ends."""
    quote = text[start]
    position = start + 1
    value: list[str] = []
    while position < len(text):
        character = text[position]
        if character == quote:
            return "".join(value), position + 1
        if character == "\\" and quote == '"':
            character, position = _escape(text, position)
        else:
            position += 1
        value.append(character)
    raise TraceQLError(
        f"the string has no end: write {quote} after it", Position(start + 1, len(text) - start)
    )


def _escape(text: str, start: int) -> tuple[str, int]:
    letter = text[start + 1 : start + 2]
    if letter in _ESCAPES and letter:
        return _ESCAPES[letter], start + 2
    if letter in _CODE and (digits := _CODE[letter].match(text, start + 2)):
        code = int(digits.group(), 16)
        if code < 0x110000 and not 0xD800 <= code < 0xE000:
            return chr(code), digits.end()
    raise TraceQLError(
        'this is no escape: write \\\\ for a backslash, \\" for a quote, \\n, \\t, \\r or \\u with '
        "four digits, or put the text between backticks",
        Position(start + 1, 1 + len(letter)),
    )
