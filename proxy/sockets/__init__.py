"""Sockets of the data path: ``dialer`` opens connections to others, within a bound for each address, and
``dns_cache`` knows the addresses of names. ``options`` sets what a transport does not, and ``write_batch``
sends the writes of one loop turn together.
"""
