"""The topology engine: measurements in, a live graph and feedback out.

``model``      the words: what goes in, what comes out
``engine``     one step: measurements -> memory -> ejections and weights -> snapshot
``registry``   which endpoints exist: sidecars by their stream, static ones from the policy
``window``     mergeable counts by second, fifteen minutes of them
``intake``     which measurement counts as which edge
``traffic``    reads the window, addresses under the names of the services they proved to be
``elsewhere``  what other collectors found out: members, calls, ejections, stages
``connections`` whose opaque TCP connections a callee saw
``pairing``    edges from the spans of services without a sidecar
``peers``      who is on the other side of a span
``graph``      nodes and edges of a window
``feedback``   ejections and weights together:
``evidence``   what each reporter measured of each endpoint in the last seconds
``fresh``      which reports still say something of now
``pool``       those measurements taken together
``compare``    an endpoint against its peers: failures, latency
``stalls``     the same for requests that wait and wait
``finding``    what was found of an endpoint, in words and as evidence
``confirm``    a second opinion where one reporter alone complains
``shared``     what endpoints have in common: one cause for all, room for one another
``blame``      which dependency the graph points to then
``ejection``   the state machine of one service: cap, back-off, probation, return
``outliers``   where every endpoint stands in it, and its slow start
``weights``    a weight per endpoint, damped
``stages``     how far routing is on for each service, and who said so
``adoption``   stages as people see them, with effect and advice
``effect``     the two arms compared, with confidence intervals
``advice``     what routing would have done
``guard``      turns a stage back by itself when it does harm
``policy``     ``mesh.yaml``
``snapshot``   what the sidecars are told, with a version
``xds``        the one part with I/O: the ADS server that tells them

Data flows in by ``Engine.calls``, ``opens``, ``connections``, ``spans`` and ``connected``, and out by
``Engine.tick`` and the views. Time is an argument everywhere; only ``xds`` reads a clock.
"""
