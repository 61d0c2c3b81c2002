"""The search page (``/traces``): form, query line, results, live tail, what is different.

``form`` is what the reader fills in, ``form_callbacks`` keep it in step with the query line and the URL
(``form_model``, ``search_url``, ``timerange``), ``completion`` and ``traceql_words`` complete it.
"""
