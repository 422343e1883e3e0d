"""Routes to Envoy: matchers, retries, rewrites."""
