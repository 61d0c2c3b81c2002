"""The pages: components and callbacks. Each page has ``layout`` (drawn from the URL alone) and
``register`` (its callbacks on an app, with the client they ask).

``shell`` is what all pages share: header, navigation, routing by path, the one interval that
live views refresh on. ``parts`` are the components, ``guard`` turns failures into sentences,
``links`` writes the URLs. What a page shows is asked from the client, drawn by ``figures``.
"""
