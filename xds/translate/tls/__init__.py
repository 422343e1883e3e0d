"""TLS contexts, secrets, and replacement of ACM certificates."""
