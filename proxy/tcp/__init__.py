"""Intercepted connections and TCP that is not HTTP.

``sniffer`` receives a redirected connection, ``original_dst`` says where it was going and
``http_detection`` whether it carries HTTP/1. Everything else passes as ``opaque`` bytes to the
destination that ``routes`` names, and ``encryption_detection`` notes whether those bytes are
encrypted.
"""
