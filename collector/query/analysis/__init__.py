"""Comparisons: two windows of the graph, two sets of traces, many traces as one tree, services by blame.

``routes`` answers from the traffic of edges: ``graph_diff`` (with ``significance``), ``suspects``,
``service_page``. ``trace_routes`` answers from stored traces: ``trace_sample`` chooses them,
``attribute_comparison`` compares two sides, ``aggregated_traces`` and ``trace_aggregate`` make a tree.
"""
