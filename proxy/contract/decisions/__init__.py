"""Decisions of the mesh as the engine makes them, the store keeps them and the API shows them.

``kinds`` names everything that is one of a closed set.
"""
