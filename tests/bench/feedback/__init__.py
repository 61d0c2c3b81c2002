"""``make bench-feedback``: what a fleet does when endpoints misbehave, beside other balancers.

``__main__`` takes arms, scenarios and seeds -> ``cell`` plays one of each: ``backends`` that
misbehave on command, the arm's proxies (``clients``: sidecars that differ in their ``pickers``
alone; ``envoys``), ``load`` (open loop, from the intended start) -> ``figures`` -> ``judge``
holds them against the targets -> table, JSON and ``plots`` in ``results/``.
Each part is a process of its own. ``scenarios`` says what goes wrong when.
"""
