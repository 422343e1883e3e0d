"""Queries on a log that combine several reads: proxies, deliveries, earlier snapshots.

Read ``fleet.py`` first. Knows no SQL table by itself except through ``events.sqlite``."""
