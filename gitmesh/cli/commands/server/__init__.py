"""Commands that ask a running server, from any machine."""
