"""Requests of API clients as they were sent, who sent them, and how often. Both APIs use it."""
