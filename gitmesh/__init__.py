"""The program: command line, server, git hooks, and demo."""
