"""Virtual nodes to Envoy clusters: endpoints, connection pools, health checks."""
