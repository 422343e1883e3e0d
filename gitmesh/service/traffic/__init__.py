"""Use cases about traffic that proxies report."""
