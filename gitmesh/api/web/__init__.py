"""Reception of API requests: reading, authentication and rate limits. Both APIs use it."""
