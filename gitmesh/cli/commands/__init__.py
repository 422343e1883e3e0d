"""The commands: one module per command, with the command's name. Imports are inside functions, so
that a command starts fast."""
