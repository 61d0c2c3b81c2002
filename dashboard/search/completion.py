"""Completion of a query line or a field of the form: the text at the cursor and what may replace it. Pure.

The words of the language come from here, names and values from the query API's suggestions.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dashboard.search import traceql_words
from dashboard.search.traceql_words import Token

_WORD: Final = re.compile(r"[^\s{}()=~!<>&|^,\"`]*")
_STATUSES: Final = ("error", "ok", "unset")
_KINDS: Final = ("server", "client", "producer", "consumer", "internal")
_STAGES: Final = (
    "count() > ",
    "avg(duration) > ",
    "max(duration) > ",
    "min(duration) > ",
    "sum(duration) > ",
    "by(resource.service.name)",
    "select(",
    "coalesce()",
)
_SPANSETS: Final = ("&& {", ">> {", "> {", "|| {", "<< {", "~ {", "!>> {", "| ")
_SERVICES: Final = ("resource.service.name", ".service.name", "rootServiceName")
_NAMES: Final = ("name", "rootName", "span:name")
_CONDITION: Final = re.compile(
    r"(?P<key>(?:\"[^\"]*\"|[^\s\"=<>!~])*)(?P<op>(?:=~|!~|!=|>=|<=|=|>|<)?)(?P<value>\"[^\"]*|[^\s\"]*)$"
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One completion: ``insert`` replaces the text at the cursor; ``label`` and ``detail`` are shown."""

    insert: str
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A completion to be found for the text from ``start`` to ``end``.

    ``kind`` is what to ask suggestions of (service, operation, key or value; empty for none), with
    ``prefix``, ``service``, ``scope`` and ``key``; ``words`` come before them. ``shown`` turns a
    suggestion's (value, scope) into what is inserted.
    """

    start: int
    end: int
    prefix: str = ""
    kind: str = ""
    service: str = ""
    scope: str = ""
    key: str = ""
    words: Sequence[str] = ()
    shown: Callable[[str, str], str] = lambda value, _: value

    def parameters(self) -> dict[str, str]:
        """Return the parameters of ``GET /api/mesh/suggest``."""
        # The API knows attributes of spans and resources; events and links have none to suggest.
        scope = self.scope if self.scope in ("span", "resource") else ""
        return {
            "kind": self.kind,
            "prefix": self.prefix,
            "service": self.service,
            "scope": scope,
            "key": self.key,
            "limit": "12",
        }

    def offers(self, found: Iterable[tuple[str, str, int]]) -> list[Offer]:
        """Return words that continue the prefix, then the suggestions (value, scope, count), each once."""
        begun = self.prefix.casefold()
        # Words of the language first: there are few of them, and they always fit at this place.
        offers = [
            Offer(word, word.strip())
            for word in self.words
            if word.casefold().startswith(begun) and word != self.prefix
        ]
        for value, scope, count in found:
            detail = f"{scope} · {count}" if scope else f"{count}"
            offers.append(Offer(self.shown(value, scope), value, detail))
        # Of equal offers the first one wins: a dict keeps the value that was set last.
        return list({offer.insert: offer for offer in reversed(offers)}.values())[::-1]


def in_field(field: str, text: str, cursor: int, service: str) -> Wanted:
    """Return the completion at the cursor of a field of the search: ``query``, ``service``, ``operation``
    or ``attributes``; ``service`` is the one the form has chosen.
    """
    if field == "query":
        return in_query(text, cursor)
    if field == "attributes":
        return _in_attributes(text, cursor, service)
    of = service if field == "operation" else ""
    return Wanted(0, len(text), text[:cursor].strip(), field, of)


def in_query(text: str, cursor: int) -> Wanted:
    """Return the completion at the cursor of a query line."""
    before = traceql_words.tokens(text[:cursor])
    # The word that ends at the cursor is being written; a mark (a brace or an operator) is complete by
    # itself.
    edited = before.pop() if before and before[-1].end == cursor and before[-1].kind != "mark" else None
    start = edited.start if edited else cursor
    # Suggestions are narrowed to the service that the query names anywhere, also behind the cursor.
    wanted = Wanted(start, _end(text, cursor, edited), edited.text if edited else "", service=_service(text))
    last = before[-1].text if before else ""
    # Braces do not nest in TraceQL: above zero means inside a spanset.
    depth = sum((token.text == "{") - (token.text == "}") for token in before)
    if depth <= 0:
        return _between(wanted, before)
    if last in traceql_words.COMPARISONS and len(before) > 1:
        return _value(wanted, before[-2].text)
    if last in ("{", "&&", "||", "(", "!"):
        return _name(wanted)
    if before and before[-1].kind == "field":
        return replace(wanted, words=[f"{sign} " for sign in traceql_words.COMPARISONS])
    return replace(wanted, words=["&& ", "|| ", "}"])


def _between(wanted: Wanted, before: Sequence[Token]) -> Wanted:
    """Complete outside braces, where a spanset or an operator between two of them is written."""
    last = before[-1].text if before else ""
    if last == "|":
        return replace(wanted, words=[*_STAGES, "{ "])
    if last == "(" and len(before) > 1 and before[-2].text in ("by", "select", "avg", "min", "max", "sum"):
        return _name(wanted)
    if last in ("}", ")"):
        return replace(wanted, words=_SPANSETS)
    return replace(wanted, words=["{ "])


def _name(wanted: Wanted) -> Wanted:
    """Complete a field: one of the language, or an attribute of the span or its resource."""
    named = wanted.prefix
    scope, dot, key = named.partition(".")
    scoped = bool(dot) and scope in ("", *traceql_words.SCOPES)
    if not scoped:
        words = (_SERVICES[0], *traceql_words.INTRINSICS)
        return replace(
            wanted,
            kind="key",
            words=words,
            shown=lambda value, found_in: traceql_words.attribute(found_in, value),
        )
    return replace(
        wanted,
        # The scope and its dot stay as they are; only the key is replaced.
        start=wanted.start + len(scope) + 1,
        prefix=key.strip('"'),
        kind="key",
        scope=scope,
        words=("service.name",) if scope in ("", "resource") else (),
        shown=lambda value, _: traceql_words.attribute("", value)[1:],
    )


def _value(wanted: Wanted, field: str) -> Wanted:
    """Complete the value that a field is compared with."""
    words = {"status": _STATUSES, "span:status": _STATUSES, "kind": _KINDS, "span:kind": _KINDS}.get(field)
    if words:
        return replace(wanted, words=words, service="")
    asked = replace(
        wanted, prefix=wanted.prefix.strip('"`'), shown=lambda value, _: traceql_words.quote(value)
    )
    if field in _SERVICES:
        return replace(asked, kind="service", service="")
    if field in _NAMES:
        return replace(asked, kind="operation")
    named = traceql_words.attribute_of(field)
    return replace(asked, kind="value", scope=named[0], key=named[1]) if named else replace(wanted, words=())


def _service(text: str) -> str:
    """Return the service that a query names first."""
    found = traceql_words.tokens(text)
    for field, sign, value in zip(found, found[1:], found[2:], strict=False):
        if field.text in _SERVICES and sign.text == "=" and value.kind == "string":
            return traceql_words.unquote(value.text) or ""
    return ""


def _end(text: str, cursor: int, edited: Token | None) -> int:
    """Return the end of the text at the cursor: a word at its end, a string behind its quote."""
    if edited is None:
        return cursor
    if edited.kind != "open":
        found = _WORD.match(text, cursor)
        return found.end() if found else cursor
    quote = text.find(edited.text[0], cursor)
    # A quote further on may open the next string: with an operator in between it is not the end of this one.
    return cursor if quote < 0 or re.search(r"[{}&|]", text[cursor:quote]) else quote + 1


def _in_attributes(text: str, cursor: int, service: str) -> Wanted:
    """Complete a key of the form's attributes, or the value behind its sign."""
    found = _CONDITION.search(text[:cursor])
    if not found:
        return Wanted(cursor, cursor)
    scope, dot, rest = found["key"].partition(".")
    scoped = bool(dot) and scope in traceql_words.SCOPES
    scope, key = (scope, rest) if scoped else ("", found["key"])
    if not found["op"]:
        ahead = f"{scope}." if scoped else ""
        return Wanted(
            found.start("key"),
            cursor,
            key.strip('"'),
            "key",
            service,
            scope,
            shown=lambda value, _: ahead + _written(value),
        )
    return Wanted(
        found.start("value"),
        cursor,
        found["value"].strip('"'),
        "value",
        service,
        scope,
        key.strip('"'),
        shown=lambda value, _: _written(value),
    )


def _written(text: str) -> str:
    """Return a key or value as the form takes it: in quotes where it would be torn apart."""
    return text if re.fullmatch(r"[^\s\"`=<>!~{}()&|^,]+", text) else traceql_words.quote(text)
