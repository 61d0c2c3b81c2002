"""The choice of a destination for each request.

``router`` turns an authority into an attempt: a service, an arm and an endpoint. ``balancer`` picks the
endpoint among the ``candidate`` objects; each has a ``breaker``, and ``trials`` that bring it back after bad
answers. ``retry`` decides what follows a failed attempt, within a budget (``retry_budget``) counted by
``rolling_window``. No module here does I/O or knows a protocol.
"""
