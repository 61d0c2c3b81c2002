"""The policy of the mesh: the settings that its operators give each service.

``notation``   notations of values: durations, shares, addresses
``models``     one model for each concept of a policy
``shapes``     the form of each key's value, from the models' types
``problems``   messages for mistakes, from a failed validation
``mesh_yaml``  reads a policy from a file and gives each problem its line
``reference``  writes ``docs/mesh-yaml.md`` from the models

The models know nothing of YAML. Another reader (Kubernetes objects) hands them mappings, lists and
scalars as text, and reports mistakes in them with ``problems``.
"""
