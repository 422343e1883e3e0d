"""Tests of the HTTP client: signatures, endpoints, imports from an API, commands on a server."""
