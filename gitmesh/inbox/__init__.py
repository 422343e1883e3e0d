"""Notes that hooks and commands leave for the server, because only the server writes the log."""
