"""Return of unused memory to the operating system."""
