"""TLS contexts, secrets and certificates that ACM named."""
