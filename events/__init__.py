"""The event log: append-only events in two hash chains, and the mesh state derived from them."""
