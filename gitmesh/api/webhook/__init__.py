"""Webhooks of forges: they tell of pushes to a remote repository; nothing else in them is believed.

Read ``signature.py`` first.
"""
