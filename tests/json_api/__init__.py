"""Tests of the JSON API: its operations, its permissions, and its event streams."""
