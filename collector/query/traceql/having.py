"""The condition on a trace that follows from conditions on its spans, as HAVING. Pure."""

from collections.abc import Mapping
from typing import Final

from collector.query.traceql.conditions import Conditions
from collector.query.traceql.language import names, syntax, walk
from collector.query.traceql.language.syntax import Expression
from collector.query.traceql.language.types import structural
from collector.query.traceql.values import ARITHMETIC, finite

_AGGREGATES: Final = {"avg": "avgIf", "min": "minIf", "max": "maxIf", "sum": "sumIf"}


class Having:
    """Writes the HAVING of a trace: conditions on all its spans, and whether they are exactly the query's.

    ``ql_f0`` and so on are columns that say whether a span passes a filter, ``ql_n0`` numbers of a span.
    """

    def __init__(
        self, filters: Mapping[syntax.Filter, int], numbers: Mapping[Expression, int], conditions: Conditions
    ) -> None:
        self._filters = filters
        self._numbers = numbers
        self._conditions = conditions
        self._exact = True
        self._kept = ""
        self._grouped = False

    def of(self, query: syntax.Query) -> tuple[list[str], bool, str]:
        """Return the conditions, if they are exact, and the condition on spans that the query keeps.

        The last is "" where one row cannot decide.
        """
        first, *rest = query.stages
        having = [self._some(first)]
        # What needs places in the trace is only bounded from above.
        places = any(structural(each) for each in walk.expressions(query))
        self._exact = is_logic(first) and not places
        self._kept = "" if places else self._keeps(first)
        for stage in rest:
            having += self._stage(stage)
        return having, self._exact, self._kept if self._exact else ""

    def _stage(self, stage: syntax.Stage) -> list[str]:
        if isinstance(stage, syntax.ScalarFilter):
            if self._kept and not self._grouped:
                left, right = self._scalar(stage.left), self._scalar(stage.right)
                # NULL where no kept span has the number: the comparison is then false, not unknown.
                return [f"ifNull({finite(left)} {stage.op} {finite(right)}, 0)"]
            self._exact = False
        # Groups make several spansets of a trace; HAVING sees all its rows as one.
        elif isinstance(stage, syntax.By | syntax.Coalesce):
            self._grouped = True
        elif isinstance(stage, syntax.Filter | syntax.Combined | syntax.Query):
            # A later filter is applied to what the earlier stages left, which HAVING cannot say: only an
            # upper bound.
            self._kept, self._exact = "", False
            return [self._some(stage)]
        return []

    def _some(self, stage: syntax.Stage) -> str:
        """Return the condition that a spanset has spans, as far as its filters alone decide."""
        if isinstance(stage, syntax.Filter):
            return f"countIf(ql_f{self._filters[stage]}) > 0"
        if isinstance(stage, syntax.Query):
            return self._some(stage.stages[0])
        assert isinstance(stage, syntax.Combined)
        if stage.op.startswith("!"):
            # ``a !>> b`` keeps spans of b, and a may be empty.
            return self._some(stage.right)
        word = "OR" if stage.op == "||" else "AND"
        return f"({self._some(stage.left)} {word} {self._some(stage.right)})"

    def _keeps(self, stage: syntax.Stage) -> str:
        """Return the condition on spans that a first stage keeps; "" where one row cannot decide."""
        if not isinstance(stage, syntax.Filter | syntax.Combined) or not is_logic(stage):
            return ""
        # a && b || c: which spans are kept depends on which side held, and one row cannot say that.
        if len(set(walk.operators([stage]))) > 1:
            return ""
        indices = {self._filters[each] for each in walk.filters(stage)}
        return "(" + " OR ".join(f"ql_f{index}" for index in sorted(indices)) + ")"

    def _scalar(self, scalar: syntax.Scalar) -> str:
        if isinstance(scalar, syntax.Literal):
            return f"toFloat64({self._conditions.literal(scalar)})"
        if isinstance(scalar, syntax.ScalarOperation):
            return f"{ARITHMETIC[scalar.op]}({self._scalar(scalar.left)}, {self._scalar(scalar.right)})"
        if scalar.operand is None:
            return f"toFloat64(countIf({self._kept}))"
        return f"{_AGGREGATES[scalar.function]}(ql_n{self._numbers[scalar.operand]}, {self._kept})"


def is_logic(stage: syntax.Stage) -> bool:
    """Filters and && and || alone: that it has spans follows from the filters."""
    if isinstance(stage, syntax.Combined):
        return stage.op in names.LOGIC and is_logic(stage.left) and is_logic(stage.right)
    return isinstance(stage, syntax.Filter)
