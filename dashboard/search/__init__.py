"""The search page (``/traces``): form, query line, results, live tail, what is different."""
