"""Routes about the graph, answered from the engine's memory or from stored edges.

``routes`` parses and answers; ``live_or_stored`` splits a window between memory and store, ``stored_edges``
reads the store, ``views`` makes replies. ``decisions`` joins both sources, ``event_stream`` sends them as
they are made, ``dependencies`` are the edges as Jaeger has them, ``storage`` is about the store itself.
"""
