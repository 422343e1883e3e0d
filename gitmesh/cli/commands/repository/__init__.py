"""Commands that make, serve or change a repository, and start proxies."""
