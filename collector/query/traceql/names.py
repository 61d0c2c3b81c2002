"""The words of the language: intrinsic fields with their types, scopes, statuses, kinds."""

from typing import Final

from collector.query.traceql.syntax import Scope, Type

INTRINSICS: Final = {
    "span:name": Type.STRING,
    "span:duration": Type.DURATION,
    "span:status": Type.STATUS,
    "span:statusMessage": Type.STRING,
    "span:kind": Type.KIND,
    "span:id": Type.STRING,
    "span:parentID": Type.STRING,
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
}

# The older names, still what most queries are written with.
BARE: Final = {
    "name": "span:name",
    "duration": "span:duration",
    "status": "span:status",
    "statusMessage": "span:statusMessage",
    "kind": "span:kind",
    "parent": "span:parentID",
    "traceDuration": "trace:duration",
    "rootName": "trace:rootName",
    "rootServiceName": "trace:rootService",
}

# What has a name in the language but no answer here, with what to write instead.
UNSUPPORTED: Final = {
    "nestedSetParent": "write parent = nil for the root span",
    "nestedSetLeft": "use the structural operators, such as { … } >> { … }",
    "nestedSetRight": "use the structural operators, such as { … } >> { … }",
    "childCount": "use the structural operators, such as { … } < { … }",
    "span:childCount": "use the structural operators, such as { … } < { … }",
}
SCOPES: Final = {scope.value: scope for scope in Scope if scope}
UNSUPPORTED_SCOPES: Final = {
    "parent": "use a structural operator: { parent's condition } > { … }",
    "instrumentation": "its attributes are not kept: use instrumentation:name or instrumentation:version",
    "trace": "write trace:id, trace:duration, trace:rootName or trace:rootService",
}

STATUSES: Final = ("ok", "error", "unset")
KINDS: Final = ("server", "client", "producer", "consumer", "internal", "unspecified")
AGGREGATES: Final = ("count", "avg", "min", "max", "sum")
METRICS: Final = (
    "rate",
    "count_over_time",
    "min_over_time",
    "max_over_time",
    "avg_over_time",
    "sum_over_time",
    "quantile_over_time",
    "histogram_over_time",
    "compare",
    "topk",
    "bottomk",
)

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
