"""Decisions of the mesh as the engine makes them, the store keeps them and the API shows them.

``kinds`` names everything that is one of a closed set, ``evidence`` has a type for each kind of decision
with all that it rests on, and ``codec`` turns these into versioned JSON and back. The engine writes
evidence; other collectors, the store's readers and the dashboard read its fields.
"""
