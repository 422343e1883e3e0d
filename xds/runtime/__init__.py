"""Memory: return of what is not used to the system."""
