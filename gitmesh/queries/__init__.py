"""Queries on the event log and the repository; the results are plain values."""
