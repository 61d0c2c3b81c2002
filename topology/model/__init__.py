"""The types that enter and leave the engine. None has behaviour of its own.

``samples``    in: calls, connections, open requests, spans; in and out: calls by edge and second
``endpoints``  out: endpoints with their state, weight and traffic, and requests to probe one; in: the results
``graph``      out: nodes, edges and traffic
``stages``     out: adoption stages, the effect of routing, advice
``decisions``  in and out: decisions with their evidence

Times are epoch seconds as floats, durations seconds, shares 0 to 1.
"""
