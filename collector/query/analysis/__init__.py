"""Comparisons: two windows of the graph, two sets of traces, many traces as one tree, services by blame."""
