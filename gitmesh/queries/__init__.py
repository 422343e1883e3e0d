"""Questions to the event log and the repository, answered as values."""
