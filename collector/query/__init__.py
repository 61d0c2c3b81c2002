"""The query API: what the mesh saw and decided, as JSON over HTTP (port 16686).

``app``           the application: routes, health, and every error as one envelope
``replies``       that envelope; ``errors``, named by what the caller should do
``params``        query strings to typed values, pure; a bad one names key, value and fix
``tracing``       Jaeger's v1 routes: services, operations, traces, dependencies
``v3``            Jaeger's v3 routes, their query strings in ``params_v3``
``grpc_v3``       the same over gRPC, its messages in ``api_v3.proto``
``beside``        Jaeger's span metrics (``spm``, pure), files shown as traces (``upload``), its archive
``mesh``          our own routes: graph, services, endpoints, decisions, stages, series, latency
``events``        decisions as they are made, as server-sent events
``store``         questions to ClickHouse, bounded in time, failures told as 503
``search``        a search as SQL conditions, pure; ``traces`` runs it and fetches whole traces
``explore``       our own search: ``params_listing`` reads it, ``listing`` is its SQL, pure, ``finder``
                  runs it, ``cursor`` says where the next page begins, pure
``different``     what tells some traces from the rest; ``aggregate`` many as one tree, pure; both look
                  at a ``sample``, pure SQL
``traceql``       the query language, text to SQL, pure; ``spansets`` runs it
``tempo``         Tempo's routes, their query strings in ``params_tempo``; ``tags`` to complete a query
``suggest``       what a query line may be completed to; ``logs`` the records of a trace or a service
``services``      service names and their operations
``insight``       what changed between two windows (``graphdiff`` by ``significance``, both pure), and
                  where to look first (``blame``, pure); all about one service (``servicepage``, pure)
``traffic``       whether memory or the store answers for a window
``edges``         graph, series and latency of past windows, from stored edges
``namespaces``    in which namespace services run, from the resources of their spans
``dependencies``  who calls whom over a window, from stored edges and live memory together
``decisions``     what the mesh decided, from live memory and the store together
``summaries``     traces in one line each
``jaeger``        span rows to Jaeger's JSON, pure; ``otlp`` to OTLP's; types of ``values`` recovered
``skew``          clocks that disagree within a trace, told as warnings, pure
``views``         topology views to our JSON, pure

A request goes params -> (engine memory | SQL) -> views or jaeger -> replies. Windows that reach
now are answered by the engine in memory; the store answers for what is older.
"""
