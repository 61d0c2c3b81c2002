"""The structure of one trace by the parent ids of its spans. Pure.

A parent that is not there ends a chain, and a chain that comes back to where it was ends too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

Members = frozenset[int]

_INVERSE: Final = {">": "<", "<": ">", ">>": "<<", "<<": ">>", "~": "~"}
_ROOT: Final = -1


class Structure:
    """Relations between the spans of one trace, which are named by their index."""

    def __init__(self, ids: Sequence[str], parents: Sequence[str]) -> None:
        self._ids = ids
        self._roots = [index for index, parent in enumerate(parents) if not parent]
        # A span that names itself as its parent has none.
        self._parents = [parent if parent != span else "" for span, parent in zip(ids, parents, strict=True)]
        self._parent_of = {span: parent for span, parent in zip(ids, self._parents, strict=True) if parent}

    def combined(self, op: str, left: Members, right: Members) -> Members:
        """Return the spans that an operator between spansets leaves: ``!>>`` those without the relation,
        ``&>>`` both sides of it."""
        relation = op.lstrip("!&")
        related = self._related(relation, left, right)
        if op.startswith("!"):
            return right - related
        if op.startswith("&"):
            return related | self._related(_INVERSE[relation], right, left)
        return related

    def numbers(self) -> Mapping[str, Sequence[int]]:
        """Return the structural fields of all spans: the number of children, and Tempo's nested set.

        The nested set numbers the spans on the way down and on the way up again. ``nestedSetParent`` is the
        number of the parent and -1 of a root; spans that no root is above have 0 in all three.
        """
        children: dict[str, list[int]] = {}
        for index, over in enumerate(self._parents):
            if over:
                children.setdefault(over, []).append(index)
        size = len(self._ids)
        lefts, rights, parents = [0] * size, [0] * size, [0] * size
        count = 0
        stack = [(index, _ROOT) for index in reversed(self._roots)]
        while stack:
            index, parent = stack.pop()
            count += 1
            # Met a second time, behind its children: the number on the way up.
            if lefts[index]:
                rights[index] = count
                continue
            lefts[index], parents[index] = count, parent
            stack.append((index, parent))
            stack += [(child, count) for child in reversed(children.pop(self._ids[index], []))]
        counts = Counter(self._parents)
        return {
            "nestedSetLeft": lefts,
            "nestedSetRight": rights,
            "nestedSetParent": parents,
            "span:childCount": [counts[span] for span in self._ids],
        }

    def _related(self, relation: str, left: Members, right: Members) -> Members:
        """Return the members of ``right`` that stand in this relation to one of ``left``."""
        if relation == "~":
            return self._siblings(left, right)
        if relation in (">", ">>"):
            under = {self._ids[each] for each in left}
            if relation == ">>":
                return self._below(under, right)
            return frozenset(each for each in right if self._parents[each] in under)
        # "" is the missing parent of roots, which would otherwise all be children of one span.
        over = {self._parents[each] for each in left} - {""}
        if relation == "<<":
            over = self._with_ancestors(over)
        return frozenset(each for each in right if self._ids[each] in over)

    def _siblings(self, left: Members, right: Members) -> Members:
        # A span is no sibling of itself: it needs another child of its parent among the left.
        # Counted rather than collected: a span that is on both sides needs a second child of its parent on
        # the left.
        children = Counter(self._parents[each] for each in left)
        del children[""]
        return frozenset(each for each in right if children[self._parents[each]] > (1 if each in left else 0))

    def _below(self, tops: set[str], right: Members) -> Members:
        # Each span is walked through once: a chain of thousands costs its length, not the square of it.
        known: dict[str, bool] = {}
        found = []
        for each in right:
            path = []
            span = self._parents[each]
            while span and span not in known and span not in tops:
                known[span] = False  # for now: a chain that meets itself ends there
                path.append(span)
                span = self._parent_of.get(span, "")
            below = span in tops or known.get(span, False)
            known.update(dict.fromkeys(path, below))
            if below:
                found.append(each)
        return frozenset(found)

    def _with_ancestors(self, spans: set[str]) -> set[str]:
        found: set[str] = set()
        for each in spans:
            span = each
            while span and span not in found:
                found.add(span)
                span = self._parent_of.get(span, "")
        return found
