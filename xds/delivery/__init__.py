"""Delivery of commits to proxies: who has what, and the events that record it.

Read ``delivery_tracker.py`` first."""
