"""From mesh state to Envoy: translate a mesh into xDS resources and serve them. Knows nothing of
git."""
