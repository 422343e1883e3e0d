"""Commands about traffic that proxies report."""
