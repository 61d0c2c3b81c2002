"""The dashboard: what the mesh sees, in a browser. Its only source is the query API.

Data flows one way. ``client`` asks the collector over HTTP and is the only file that does;
``trace`` and ``query`` turn its JSON and the page's URL into plain values; ``figures`` turns
values into graph elements, chart descriptions and waterfall rows, without I/O; ``pages`` puts
them in place and holds the callbacks; ``app`` composes all of it and serves it. Every view is
a URL, so a page is drawn from the URL alone, and the look lives in ``assets``.

Of the graph ``graph_view`` is the address, ``find`` the language of its boxes, ``subgraph`` what they
and the focus leave of it, ``picture`` what the browser is sent: all once, then what changed.

Of a trace ``calls`` says who called whom and whose time is whose, ``critical`` what it waited for,
``statistics`` adds up, ``trace_diff`` compares two; ``held`` keeps those that are looked at.

Of a search ``query`` is the address, ``search_form`` the form and the query that says the same,
``traceql`` the words of the language, ``complete`` what may stand at the cursor, ``timerange`` times
as people write them, ``found`` what the API answers.
"""
