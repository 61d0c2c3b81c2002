"""The registry of endpoints, from every source that names some, and of sidecars that may report.

``sources``    the sources of endpoints in order of precedence, and an endpoint as a source names it
``streams``    the first source: sidecars, for as long as their streams live
``registry``   the sources merged: endpoints by service
``addresses``  the service and endpoint behind an address or an instance
``reporters``  the sidecars whose reports are believed

A source gives all its endpoints to ``Registry.set``; only streams call ``connect`` and ``disconnect``.
"""
