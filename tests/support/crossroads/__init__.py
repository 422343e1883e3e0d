"""Test bed for routing: every protocol, with applications that requests control.

``app`` and ``calls`` are the two ends of a call, ``conduct`` the headers that control applications,
``cases`` the tables of matchers and orders, ``specs`` and ``entrances`` the mesh, ``place`` the
running Envoy and applications.
"""
