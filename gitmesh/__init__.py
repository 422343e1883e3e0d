"""The program: command line, settings, processes. Knows every package; none knows it."""
