"""JSON shapes of traffic that proxies report."""
