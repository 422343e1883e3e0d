"""Delivery of commits to proxies: the state of each proxy, and the events that record it.

Read ``delivery_tracker.py`` first.
"""
