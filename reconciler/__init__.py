"""Git to events: read commits, link them, and append what they change. Knows nothing of Envoy."""
