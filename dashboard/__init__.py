"""The dashboard: what the mesh sees, in a browser. Its only source is the query API.

``api``         questions to the collector over HTTP, replies as types
``components``  what all pages are built of: parts, charts, palette, links, error boundary
``topology`` ``search`` ``trace`` ``compare`` ``aggregate`` ``service`` ``balancing``
                one package for each page: ``page`` (layout from the URL, callbacks), figures, view model
``assets``      style sheets and what runs in the browser

Data flows one way: api -> view model -> figure -> page. ``shell`` is the frame around all pages,
``app`` composes and serves them, ``format`` writes numbers for people. Every view is a URL.
"""
