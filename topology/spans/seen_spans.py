"""A bounded memory of the spans that came already."""

from typing import Final

# Two generations of ids: between 250,000 and 500,000 spans are remembered, and each at least five minutes if
# they are fewer. Exporters repeat for as long (OpenTelemetry's collector by default). 40 MB at most.
_GENERATION: Final = 250_000
_SECONDS: Final = 300.0


class SeenSpans:
    """The spans that came in the last minutes; times are epoch seconds."""

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._old: set[int] = set()
        self._since = 0.0

    def add(self, key: bytes, serves: bool, now: float) -> bool:
        """Note a span by its trace and span id; return True if it came before.

        Zipkin's tracers give the two halves of a call one id; ``serves`` is True for the callee's half.
        """
        # 64 bits of a keyed hash take a third of the memory of the ids.
        mark = hash(key) ^ serves
        if mark in self._new or mark in self._old:
            return True
        if len(self._new) >= _GENERATION or now - self._since >= _SECONDS:
            self._old, self._new, self._since = self._new, set(), now
        self._new.add(mark)
        return False

    def __contains__(self, key: bytes) -> bool:
        """True if a span of these ids came, of either half."""
        mark = hash(key)
        return any(each in marks for each in (mark, mark ^ 1) for marks in (self._new, self._old))
