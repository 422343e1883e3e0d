"""Applications, their name server, and load for the demo."""
