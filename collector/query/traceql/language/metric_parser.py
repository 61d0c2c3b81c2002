"""Metrics and hints at the end of a query, by recursive descent. Raises TraceQLError."""

from typing import Final

from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.errors import TraceQLError
from collector.query.traceql.language.expressions import NUMERIC_LITERALS, ExpressionParser
from collector.query.traceql.language.syntax import Literal, Type
from collector.query.traceql.language.tokens import Kind

_CONDITIONS: Final = names.EQUALITY + names.ORDER


class MetricParser(ExpressionParser):
    """Reads what makes series of spans, and what is done with series."""

    def _next_is_metric(self) -> bool:
        after = self._tokens[min(self._index + 1, len(self._tokens) - 1)]
        return self._is("|") and after.kind is Kind.WORD and after.text in names.METRICS

    def _series(self) -> tuple[syntax.Stage, ...]:
        """Read a metric and the stages behind it, the pipe before it first."""
        self._advance()
        return (self._compare() if self._word("compare") else self._metric(), *self._series_stages())

    def _series_stages(self) -> tuple[syntax.Stage, ...]:
        """Read what is done with series."""
        found: list[syntax.Stage] = []
        while True:
            if self._is(*_CONDITIONS):
                found.append(self._series_filter())
            elif self._take("|"):
                found.append(self._rank())
            else:
                return tuple(found)

    def _metric(self) -> syntax.SpanMetric:
        name = self._call()
        field, quantiles = None, []
        if name.text in names.MEASURES:
            field = self.field()
            while self._take(","):
                quantiles.append(self._quantile(name.text))
        self._close(")")
        by: tuple[syntax.Field, ...] = ()
        if self._word("by"):
            self._call()
            by = self._fields()
        return syntax.SpanMetric(name.text, field, tuple(quantiles), by, name.at)

    def _quantile(self, function: str) -> float:
        if function != "quantile_over_time":
            raise TraceQLError(
                f"{function} takes one field: only quantile_over_time has numbers", self._next.at
            )
        value = self._value()
        if value.type is not Type.NUMBER or not 0 <= float(value.value or 0) <= 1:
            raise TraceQLError("a quantile is a number from 0 to 1, such as 0.95", value.at)
        return float(value.value or 0)

    def _compare(self) -> syntax.Compare:
        at = self._call().at
        selection = self._filter()
        numbers = []
        while self._take(","):
            numbers.append(self._whole("compare({ selection }, 10), or with start and end in nanoseconds"))
        self._close(")")
        if len(numbers) not in (0, 1, 3):
            message = "compare() takes a selection, a number of values, and both a start and an end"
            raise TraceQLError(message, at)
        top, start, end = (*numbers, *(10, 0, 0)[len(numbers) :])
        return syntax.Compare(selection, top, start, end, at)

    def _rank(self) -> syntax.Rank:
        if not self._word(*names.RANKS):
            raise self._expected("topk(n) or bottomk(n), the only stages behind a metric,")
        name = self._call()
        limit = self._whole(f"{name.text}(10)")
        self._close(")")
        return syntax.Rank(name.text, limit, name.at)

    def _series_filter(self) -> syntax.SeriesFilter:
        op = self._operator()
        negative = self._negative()
        if negative:
            return syntax.SeriesFilter(op.text, negative, op.at)
        if self._next.kind not in NUMERIC_LITERALS:
            raise self._expected("a number or a duration to compare the series with")
        value = self._advance()
        literal = Literal(NUMERIC_LITERALS[value.kind], value.value, value.at)
        return syntax.SeriesFilter(op.text, literal, op.at)

    def _whole(self, example: str) -> int:
        if self._next.kind is not Kind.INTEGER:
            raise self._expected(f"a whole number, such as {example},")
        return int(self._advance().value)

    def _hints(self) -> tuple[tuple[str, Literal], ...]:
        if not self._word("with"):
            return ()
        self._call()
        hints = [self._hint()]
        while self._take(","):
            hints.append(self._hint())
        self._close(")")
        return tuple(hints)

    def _hint(self) -> tuple[str, Literal]:
        if self._next.kind is not Kind.WORD:
            raise self._expected("the name of a hint, such as most_recent=true,")
        name = self._advance().text
        if not self._take("="):
            raise self._expected(f"= after {name}")
        return name, self._value()

    def _filter(self) -> syntax.Filter:
        token = self._next
        if not self._take("{"):
            raise self._expected('a spanset such as { name = "GET /" }: conditions stand in braces')
        condition = None if self._is("}") else self._expression()
        self._close("}")
        return syntax.Filter(condition, token.at)
