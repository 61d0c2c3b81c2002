"""``make bench-simulation``: the product's own code in simulated time, for fleets no machine holds.

``core`` has the clock, the clients and the mesh: the sidecar's picker (or one of the bench's), the real
topology engine, reports that may be late or lost. ``servers`` are what they call. ``experiments``
puts them together, first the published one that shows whether the simulator can be trusted;
``__main__`` prints figures. Everything follows from the seed.
"""
