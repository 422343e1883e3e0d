"""From git to events: read commits, link their specs, and log their changes. Knows nothing of
Envoy."""
