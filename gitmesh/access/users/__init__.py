"""People who use the console: local users with passwords, and those whom a provider knows."""
