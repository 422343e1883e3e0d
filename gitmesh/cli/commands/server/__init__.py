"""Commands that talk to a running server, from any machine."""
