"""SQL that reads what other collectors stored; the collector's own rows are left out where they may be."""

from typing import Final

ROWS: Final = 20_000  # of one look: more would take longer to read than the second between two looks

MEMBERS: Final = f"""
SELECT toUnixTimestamp64Milli(Time) AS at, Collector, Run, Service, Present, Address, State, App, Instance,
    Version, Zone
FROM mesh_members
WHERE Time > now64(3) - toIntervalMillisecond({{back:UInt32}})
ORDER BY at
LIMIT {ROWS}
"""
# Rows of each collector from its newest one that is known, less an overlap. Calls that no caller's sidecar
# measured (without an arm) have a newest row of their own: spans tell of them later. The newest seconds come
# first, so that a limit cuts off history, not evidence.
EDGES: Final = f"""
WITH toString(Collector) AS name
SELECT toUnixTimestamp(Time) AS second, Source, Target, Protocol, Endpoint, Arm, Collector, sum(Count),
    sum(Errors), sum(Sum), sumMap(Latency), sum(Encrypted), sum(Clear)
FROM mesh_edges
WHERE Time > toDateTime({{since:UInt32}}) AND Collector != {{own:String}}
    AND toUnixTimestamp(Time) > if(
        Arm = '',
        transform(name, {{spans:Array(String)}}, {{spans_since:Array(UInt32)}}, {{since:UInt32}}),
        transform(name, {{names:Array(String)}}, {{names_since:Array(UInt32)}}, {{since:UInt32}})
    )
GROUP BY second, Source, Target, Protocol, Endpoint, Arm, Collector
ORDER BY second DESC
LIMIT {ROWS}
"""
DECISIONS: Final = f"""
SELECT toValidUTF8(Collector), toUnixTimestamp64Milli(Time), Kind, toValidUTF8(Service),
    toValidUTF8(Endpoint), toValidUTF8(Reason), toValidUTF8(Evidence)
FROM mesh_decisions
WHERE Time > toDateTime64({{since:Float64}}, 3) AND Collector != {{own:String}}
    AND Kind IN {{kinds:Array(String)}}
ORDER BY Time
LIMIT {ROWS}
"""
# The newest change of each service's stage, of origins that outlive a restart.
STAGES: Final = """
SELECT toUnixTimestamp64Milli(max(Time)), toValidUTF8(Service), toValidUTF8(argMax(Reason, Time)),
    toValidUTF8(argMax(Evidence, Time))
FROM mesh_decisions
WHERE Kind = {kind:String} AND JSONExtractString(Evidence, 'origin') IN {origins:Array(String)}
GROUP BY Service
HAVING max(Time) > toDateTime64({since:Float64}, 3)
ORDER BY Service
"""
