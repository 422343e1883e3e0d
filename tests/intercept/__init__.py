"""Interception in network namespaces: real redirects, with real Envoys and without."""
