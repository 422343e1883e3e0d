"""Pages about proxies: who is in sync, and which commit is served to all of them (pin)."""
