"""Benchmarks: peer and ours in one run, alternating, CPU time per unit of work, medians with spread.

Each is ``make bench-NAME``; its last line of output is one JSON object (``report``). Nothing
here asserts: a missed target is printed as missed. What was tried and dropped is in README.md.
"""
