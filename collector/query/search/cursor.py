"""The cursor of a search: the beginning of the next page as one opaque text. Pure.

A page is defined by the last row before it, not by a number of rows to skip, and by the window
of the first page: traces that arrive meanwhile shift nothing. The text is base64url of JSON and
is only read back by the search that made it.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2s
from typing import Final

from collector.query import params
from collector.query.errors import BadValueError
from collector.query.params import Window

_FIX: Final = "send the cursor of the reply before unchanged, with the same query, order and dir"
_LENGTH_MAX: Final = 2500  # a rank may be two names of sixty characters, any of them escaped


@dataclass(frozen=True, slots=True)
class Cursor:
    """``window`` of the whole search, and rank and id of the last trace that was given."""

    window: Window
    rank: int | str
    trace_id: str


def encode(cursor: Cursor, search: str) -> str:
    """Return the text for the client; ``search`` is whatever tells this search from another."""
    window = cursor.window
    parts = [_mark(search), window.start, window.end, cursor.rank, cursor.trace_id]
    return urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(text: str, search: str) -> Cursor:
    """Return the cursor in a text. Raises BadValueError for one that is damaged or of another search."""
    try:
        # Bounded before it is decoded: the text comes from the query string.
        if len(text) > _LENGTH_MAX:
            raise ValueError
        # ``encode`` strips the padding, as "=" would be escaped in a URL; here it is put back.
        parts = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        mark, start, end, rank, trace_id = parts
        # ``type() is int``, as JSON's true would pass isinstance; 2**63 is the limit of the query's Int64.
        numbers = (start, end, 0 if isinstance(rank, str) else rank)
        if not all(type(each) is int and abs(each) < 2**63 for each in numbers):
            raise ValueError
        str(rank).encode()  # a lone surrogate is legal in JSON and in no text the store could hold
        found = Cursor(Window(start, end), rank, params.trace_id(trace_id, "cursor"))
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError, BadValueError):
        raise params.bad("cursor", text, _FIX) from None
    if mark != _mark(search) or start > end:
        raise params.bad("cursor", text, f"it belongs to another search: {_FIX}")
    return found


def _mark(search: str) -> str:
    return blake2s(search.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()
