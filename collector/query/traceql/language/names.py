"""The words of the language: intrinsic fields with their types, scopes, statuses, kinds."""

from typing import Final

from collector.query.traceql.language.syntax import Scope, Type

INTRINSICS: Final = {
    "span:name": Type.STRING,
    "span:duration": Type.DURATION,
    "span:status": Type.STATUS,
    "span:statusMessage": Type.STRING,
    "span:kind": Type.KIND,
    "span:id": Type.STRING,
    "span:parentID": Type.STRING,
    "span:childCount": Type.NUMBER,
    "trace:id": Type.STRING,
    "trace:duration": Type.DURATION,
    "trace:rootName": Type.STRING,
    "trace:rootService": Type.STRING,
    "event:name": Type.STRING,
    "event:timeSinceStart": Type.DURATION,
    "link:traceID": Type.STRING,
    "link:spanID": Type.STRING,
    "instrumentation:name": Type.STRING,
    "instrumentation:version": Type.STRING,
    "nestedSetParent": Type.NUMBER,
    "nestedSetLeft": Type.NUMBER,
    "nestedSetRight": Type.NUMBER,
}

# Numbers that follow from the place of a span in its trace, which no row of the store has.
STRUCTURAL: Final = ("span:childCount", "nestedSetParent", "nestedSetLeft", "nestedSetRight")

# The older names, still what most queries are written with.
BARE: Final = {
    "name": "span:name",
    "duration": "span:duration",
    "status": "span:status",
    "statusMessage": "span:statusMessage",
    "kind": "span:kind",
    "parent": "span:parentID",
    "childCount": "span:childCount",
    "traceDuration": "trace:duration",
    "rootName": "trace:rootName",
    "rootServiceName": "trace:rootService",
}

SCOPES: Final = {scope.value: scope for scope in Scope if scope}
PARENT: Final = "parent"  # before a scope or a key: the attribute of the span's parent
INTRINSIC_SCOPES: Final = {"trace": "write trace:id, trace:duration, trace:rootName or trace:rootService"}

STATUSES: Final = ("ok", "error", "unset")
KINDS: Final = ("server", "client", "producer", "consumer", "internal", "unspecified")
AGGREGATES: Final = ("count", "avg", "min", "max", "sum")
# Metrics without a field, and with one.
COUNTS: Final = ("rate", "count_over_time")
MEASURES: Final = (
    "min_over_time",
    "max_over_time",
    "avg_over_time",
    "sum_over_time",
    "quantile_over_time",
    "histogram_over_time",
)
METRICS: Final = (*COUNTS, *MEASURES, "compare")
RANKS: Final = ("topk", "bottomk")

LOGIC: Final = ("&&", "||")
ORDER: Final = (">", ">=", "<", "<=")
EQUALITY: Final = ("=", "!=")
REGEX: Final = ("=~", "!~")
COMPARISONS: Final = (*EQUALITY, *ORDER, *REGEX)
STRUCTURE: Final = (
    ">",
    ">>",
    "<",
    "<<",
    "~",
    "!>",
    "!>>",
    "!<",
    "!<<",
    "!~",
    "&>",
    "&>>",
    "&<",
    "&<<",
    "&~",
)
