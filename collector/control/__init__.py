"""The control loop: steps the topology engine and carries its decisions out.

``engine_loop`` ticks the engine, ``policy_file`` watches mesh.yaml, ``prober`` asks endpoints directly
when one reporter alone complains, ``mesh_writer`` stores edges and decisions as ``mesh_rows``.
"""
