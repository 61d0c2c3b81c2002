"""Tokens of TraceQL, and names and values as its text. Pure; docs/traceql.md describes the language.

It reads far enough for the form and for completion; the collector says what is wrong with a query. The two
do not share a tokenizer: this one must never fail, since a line is usually unfinished while it is typed, and
keeps strings without an end and places of every character, while the collector's stops at the first error
and gives values. Made one, either would be mostly conditions for the other. Tests hold them together: the
collector parses whatever the form writes.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

_KEY: Final = r"[^\s{}()=~!<>&|^,\"`]+"
_STRING: Final = r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`"
_TOKEN: Final = re.compile(
    rf"""(?P<string>{_STRING})
    |(?P<open>\"(?:[^\"\\]|\\.)*\\?$|`[^`]*$)
    |(?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[A-Za-z0-9µμ.]*)
    |(?P<field>(?:(?:(?:parent\.)?(?:span|resource)|event|link|instrumentation|parent)?\.(?:{_KEY}|\"(?:[^\"\\]|\\.)*(?:\"|$))*)
              |[A-Za-z_][A-Za-z0-9_]*(?::[A-Za-z_]*)?)
    |(?P<mark>&>>|&<<|!>>|!<<|&&|\|\||!=|=~|!~|>=|<=|>>|<<|!>|!<|&>|&<|&~|[^\s])""",
    re.VERBOSE | re.DOTALL,
)
# A digit after the scope's dot begins a number, and a second dot is easily overlooked.
_BARE_KEY: Final = re.compile(rf"(?![0-9.]){_KEY}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PIECE: Final = re.compile(rf"\"(?:[^\"\\]|\\.)*\"|{_KEY}", re.DOTALL)

COMPARISONS: Final = ("=", "!=", "=~", "!~", ">", ">=", "<", "<=")
SCOPES: Final = ("span", "resource", "event", "link")
INTRINSICS: Final = (
    "name",
    "duration",
    "status",
    "statusMessage",
    "kind",
    "parent",
    "traceDuration",
    "rootName",
    "rootServiceName",
    "childCount",
    "event:name",
    "instrumentation:name",
    "trace:id",
    "span:id",
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token: ``kind`` is string, open (a string without its end), number, field or mark; places count
    from 0.
    """

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text. Never fails: every character but white space is in some token."""
    return [Token(found.lastgroup or "mark", found.group(), found.start()) for found in _TOKEN.finditer(text)]


def quote(value: str) -> str:
    """Return a text as a string of the language."""
    # JSON's escapes are those of the language. A lone surrogate cannot be sent as UTF-8.
    return json.dumps(_SURROGATE.sub("�", value), ensure_ascii=False)


def unquote(text: str) -> str | None:
    """Return the text of a string; None for an escape that only the collector knows."""
    if text.startswith("`"):
        return text.strip("`")
    try:
        # strict=False: a line break inside a string is legal in the language.
        value = json.loads(text, strict=False)
    except ValueError:
        return None
    return value if isinstance(value, str) and not _SURROGATE.search(value) else None


def attribute(scope: str, key: str) -> str:
    """Return how a query names an attribute; ``scope`` may be empty for the span or else its resource."""
    return f"{scope}.{key if _BARE_KEY.fullmatch(key) else quote(key)}"


def attribute_of(field: str) -> tuple[str, str] | None:
    """Return (scope, key) of a field's text; None for an intrinsic or a name with an unknown escape."""
    scope, dot, rest = field.partition(".")
    if not dot or scope not in ("", *SCOPES):
        return None
    pieces = _PIECE.findall(rest)
    if not pieces or "".join(pieces) != rest:
        return None
    found = [unquote(piece) if piece.startswith('"') else piece for piece in pieces]
    key = "".join(piece for piece in found if piece is not None)
    return (scope, key) if key and None not in found else None
