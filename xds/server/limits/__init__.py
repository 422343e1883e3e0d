"""Limits of streams: per server, per node, per connection, and what clients reset."""
