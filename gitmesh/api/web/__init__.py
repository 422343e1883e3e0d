"""HTTP: connections with bounds, TLS, who calls, and how often. Every interface uses it."""
