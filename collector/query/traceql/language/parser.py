"""Tokens to a tree, by recursive descent. Raises TraceQLError.

As in the language's own grammar structure binds tighter between spansets than ``&&`` and ``||``, which
bind equally and from left to right.
"""

import itertools
from dataclasses import replace
from typing import Final

from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.errors import TraceQLError
from collector.query.traceql.language.expressions import ARITHMETIC_BINDING, NUMERIC_LITERALS
from collector.query.traceql.language.metric_parser import MetricParser
from collector.query.traceql.language.syntax import Literal
from collector.query.traceql.language.tokens import Kind, tokens

_CONDITIONS: Final = names.EQUALITY + names.ORDER
_SERIES_BINDING: Final = {op: ARITHMETIC_BINDING[op] for op in "+-*/"}
_STAGES: Final = (
    'a spanset such as { name = "GET /" }, or a stage: count(), avg(), min(), max(), sum(), by(), select() '
    "or a metric such as rate()"
)


def tree(text: str) -> syntax.Query:
    """Return the query a text says, types not yet looked at."""
    parser = _Parser(tokens(text))
    query = parser.query()
    parser.end()
    return query


def field(text: str) -> syntax.Field:
    """Parse the name of a field, such as ``span.key`` or ``name``."""
    parser = _Parser(tokens(text))
    found = parser.field()
    parser.end()
    return found


class _Parser(MetricParser):
    def query(self) -> syntax.Query:
        """Read a whole query: stages, a metric behind them, and hints."""
        if not self._begins_operation():
            return replace(self._metric_query(), hints=self._hints())
        found = self._operation(0)
        return replace(found, stages=(*found.stages, *self._series_stages()), hints=self._hints())

    def _metric_query(self) -> syntax.Query:
        found = self.pipeline()
        series = self._series() if self._next_is_metric() else ()
        return replace(found, stages=(*found.stages, *series))

    def _begins_operation(self) -> bool:
        """True if series are computed with each other: then a metric stands in the first bracket."""
        if not self._is("("):
            return False
        depth = 0
        for token, after in itertools.pairwise(self._tokens[self._index :]):
            if token.kind is Kind.MARK:
                depth += (token.text == "(") - (token.text == ")")
                if not depth:
                    return False
                if token.text == "|" and after.kind is Kind.WORD and after.text in names.METRICS:
                    return True
        return False

    def _operation(self, least: int) -> syntax.Query:
        """Read queries for series in brackets with arithmetic between them."""
        left = self._operation_operand()
        while (binding := self._binding(_SERIES_BINDING)) > least:
            op = self._operator()
            operation = syntax.SeriesOperation(op.text, left, self._operation(binding), op.at)
            left = syntax.Query((operation,), at=left.at)
        return left

    def _operation_operand(self) -> syntax.Query:
        token = self._next
        if not self._take("("):
            raise self._expected("a query for series in brackets, such as ({ } | rate()),")
        self._deeper(token)
        found = self._operation(0) if self._begins_operation() else self._metric_query()
        self._close(")")
        self._depth -= 1
        return found

    def pipeline(self) -> syntax.Query:
        """Read stages up to a metric, a bracket or the end."""
        begin = self._next.at
        if self._word("coalesce"):
            raise TraceQLError("coalesce() joins groups: write by(…) | before it", begin)
        stages = [self._stage()]
        while self._is("|") and not self._next_is_metric():
            self._advance()
            stages.append(self._stage())
        return syntax.Query(tuple(stages), at=begin)

    def _stage(self) -> syntax.Stage:
        token = self._next
        if self._begins_scalar():
            return self._scalar_filter()
        if self._word("by"):
            self._call()
            group = self._expression()
            self._close(")")
            return syntax.By(group, token.at)
        if self._word("coalesce"):
            self._call()
            self._close(")")
            return syntax.Coalesce(token.at)
        if self._word("select"):
            return syntax.Select(self._select(), token.at)
        if self._word(*names.RANKS):
            raise TraceQLError(
                f"{token.text} ranks series: write a metric such as rate() | before it", token.at
            )
        if self._is("{", "("):
            return self._spanset(1)
        if token.kind is Kind.ATTRIBUTE or (token.kind is Kind.WORD and token.text in names.BARE):
            raise self._expected(f"{_STAGES}: conditions stand in braces,")
        raise self._expected(_STAGES)

    def _select(self) -> tuple[syntax.Field, ...]:
        self._call()
        return self._fields()

    def _begins_scalar(self) -> bool:
        """True if a number over a spanset begins here rather than a spanset.

        A bracket may hold either. It holds stages when a comparison, a pipe or a brace stands in it outside
        of the brackets of a call: a look ahead of one bracket, so nothing is ever read twice.
        """
        if self._word(*names.AGGREGATES) or self._next.kind in NUMERIC_LITERALS or self._is("-"):
            return True
        if not self._is("("):
            return False
        depth, calls, index = 0, 0, self._index
        while self._tokens[index].kind is not Kind.END:
            token = self._tokens[index]
            if token.kind is Kind.MARK and token.text == "(":
                depth += 1
                calls = calls or (depth if self._tokens[index - 1].kind is Kind.WORD and depth > 1 else 0)
            elif token.kind is Kind.MARK and token.text == ")":
                calls = 0 if calls == depth else calls
                depth -= 1
                if not depth:
                    return True
            elif not calls and (token.text in (*_CONDITIONS, "|", "{") or self._groups(token.text)):
                return False
            index += 1
        return False

    @staticmethod
    def _groups(word: str) -> bool:
        return word in ("by", "select", "coalesce")

    def _scalar_filter(self) -> syntax.ScalarFilter:
        left = self._scalar(3)
        if not self._is(*_CONDITIONS):
            raise self._expected("a comparison, such as count() > 2,")
        op = self._operator()
        return syntax.ScalarFilter(op.text, left, self._scalar(3), op.at)

    def _scalar(self, least: int) -> syntax.Scalar:
        left = self._scalar_atom()
        while (binding := self._binding(ARITHMETIC_BINDING)) >= least:
            op = self._operator()
            right = self._scalar(binding if op.text == "^" else binding + 1)
            left = syntax.ScalarOperation(op.text, left, right, op.at)
        return left

    def _scalar_atom(self) -> syntax.Scalar:
        token = self._next
        if self._take("("):
            self._deeper(token)
            inner = self._scalar(3)
            self._close(")")
            self._depth -= 1
            return inner
        if self._word(*names.AGGREGATES):
            self._call()
            operand = None if token.text == "count" else self._expression()
            self._close(")")
            return syntax.Aggregation(token.text, operand, token.at)
        if negative := self._negative():
            return negative
        if token.kind not in NUMERIC_LITERALS:
            raise self._expected("a number, a duration or an aggregate such as avg(duration)")
        self._advance()
        return Literal(NUMERIC_LITERALS[token.kind], token.value, token.at)

    def _spanset(self, least: int) -> syntax.Spanset:
        left = self._operand()
        while (binding := self._spanset_binding()) >= least:
            op = self._operator()
            left = syntax.Combined(op.text, left, self._spanset(binding + 1), op.at)
        return left

    def _spanset_binding(self) -> int:
        token = self._next
        if token.kind is not Kind.MARK:
            return 0
        return 1 if token.text in names.LOGIC else 2 if token.text in names.STRUCTURE else 0

    def _operand(self) -> syntax.Spanset:
        token = self._next
        if self._take("("):
            self._deeper(token)
            inner = self.pipeline()
            self._close(")")
            self._depth -= 1
            only = inner.stages[0]
            # Brackets around one spanset mean nothing, and a tree without them compares equal.
            if len(inner.stages) == 1 and isinstance(only, syntax.Filter | syntax.Combined | syntax.Query):
                return only
            return syntax.Query(inner.stages, at=token.at)
        return self._filter()
