"""The registry: which endpoints exist, by every source that knows some, and which sidecars may report.

``sources``    where endpoints come from, in order of precedence, and an endpoint as a source names it
``streams``    the first source: sidecars, for as long as their streams live
``registry``   the sources merged: endpoints by service
``addresses``  the service and endpoint behind an address or an instance
``reporters``  the sidecars whose reports are believed

A source tells all it knows by ``Registry.set``; only streams tell it by ``connect`` and ``disconnect``.
"""
