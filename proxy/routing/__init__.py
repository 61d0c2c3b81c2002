"""The choice of a destination for each request.

``router`` turns an authority into an attempt: a service, an arm and an endpoint. ``balancer`` picks the
endpoint among the ``candidate`` objects by what is usual among them (``usual_latency``); each has a
``breaker``, ``trials`` that bring it back after bad answers, and its ``answers`` by class. ``retry``
decides what follows a failed attempt, within a budget (``retry_budget``) counted by ``rolling_window``. No
module here does I/O or knows a protocol.
"""
