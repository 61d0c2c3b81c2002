"""The processes that ``spanmesh`` starts.

``roles``        start functions of collector, sidecar, dashboard and import, in this process
``supervise``    child processes that start, run and end together
``up_command``   collector and dashboard; ``run_command``  a program and its sidecar
``ports``        loopback ports
"""
