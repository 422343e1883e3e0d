"""Listeners, their filters and access logs."""
