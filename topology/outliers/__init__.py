"""Fleet-wide outlier detection, ejection and weights.

``detection`` goes from measurements to findings. From findings to ejections: ``ejections`` holds the
``ejection_state`` of all services, ``ejection_step`` has the rules, ``ejection_limits`` say how many may be
out, ``transitions`` change the state and say why.

``weights`` turns latency into weights, and ``feedback`` runs both for every service. ``share_reasons`` says
why an endpoint gets less than its share.
"""
