"""The ``spanmesh`` command and everything it starts.

``entry`` checks the installation and hands over to ``cli``, which names the commands.
``up`` and ``run`` compose processes over ``supervise``; ``status`` and ``check`` print what
they read. ``demo/`` is the example shop with its load and its faults.
"""
