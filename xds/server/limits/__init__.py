"""Limits of streams: per server, per node and per connection; and warnings about streams that
clients reset."""
