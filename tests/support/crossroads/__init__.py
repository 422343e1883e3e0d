"""A crossroads for routing tests: every protocol, applications that behave as requests tell them.

``app`` and ``calls`` are the two ends of a call, ``conduct`` what passes between them, ``cases``
the tables of matchers and orders, ``specs`` and ``entrances`` the mesh, ``place`` the Envoy and
everything around it.
"""
