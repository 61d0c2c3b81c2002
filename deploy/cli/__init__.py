"""The command line.

``commands``           the commands; ``entry`` checks the installation before it loads them
``options``            settings classes as options of a command, with grouped help
``status``             the tables of ``spanmesh status``
``terminal``           lines for the user, and errors as lines with an exit status
``options_reference``  docs/configuration.md; ``api_reference``  docs/api.md and docs/openapi.json
"""
