"""Outlier detection: from measurements to findings.

``failure_test``, ``answer_test``, ``latency_test`` and ``stall_test`` compare an endpoint with its peers and
make a ``finding``; ``starved_test`` takes the endpoint's own sidecar and the sidecars that avoid it for
witnesses. ``outlier_tests`` runs them over windows of several lengths. ``second_opinion`` asks for
confirmation of a lone reporter, ``shared_causes`` recognises a fault that all endpoints share, and
``service_evidence`` puts all this before the rules of ejection.
"""
