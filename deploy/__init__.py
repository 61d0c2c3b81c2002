"""The ``spanmesh`` command and everything it starts.

``cli``        commands and options
``processes``  what each command runs, supervised child processes, default ports
``demo``       the example shop
``importer``   traces in files to a collector
``container``, ``clickhouse``  files for deployments
"""
