"""Git to events: read commits, link them, and append their changes to the log. Knows nothing of
Envoy."""
