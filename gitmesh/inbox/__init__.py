"""Notes in files, by which hooks and commands send requests to the server: only the server writes
the log."""
