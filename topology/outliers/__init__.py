"""Fleet-wide outlier detection and weights.

From measurements to findings: ``failure_test``, ``latency_test`` and ``stall_test`` compare an endpoint with
its peers and make a ``finding``; ``outlier_tests`` runs them over windows of several lengths.
``starved_test`` takes the endpoint's own sidecar and the sidecars that avoid it for witnesses;
``second_opinion`` asks for confirmation of a lone reporter, ``shared_causes`` recognises a fault that all
endpoints share, and ``service_evidence`` puts all this before the rules.

From findings to ejections: ``ejections`` holds the ``ejection_state`` of all services, ``ejection_step`` has
the rules, ``ejection_limits`` say how many may be out, ``transitions`` change the state and say why.

``weights`` turns latency into weights, and ``feedback`` runs both for every service. ``share_reasons`` says
why an endpoint gets less than its share.
"""
