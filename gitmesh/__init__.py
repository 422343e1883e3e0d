"""The program: the command line, the server that ties the parts together, and the demo."""
