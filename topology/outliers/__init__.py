"""Fleet-wide outlier detection and weights.

``failure_test``, ``latency_test`` and ``stall_test`` compare an endpoint with its peers and make a
``finding``; ``outlier_tests`` runs them over windows of several lengths. ``second_opinion`` asks for
confirmation of a lone reporter and ``shared_causes`` recognises a fault that all endpoints share.
``ejection`` is the state machine of one service, ``fleet`` holds the state of all, ``weights`` turns
latency into weights and ``feedback`` runs these for every service.
"""
