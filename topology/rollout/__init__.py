"""Adoption stages: how far routing is on, what it changed, and when it is turned back.

``stages`` keeps the stage of each service, ``effect`` compares the two arms, ``advice`` estimates what
routing would have done, ``guard`` turns a harmful stage back and ``stage_views`` is how people see all
of it.
"""
