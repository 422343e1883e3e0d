"""The commands, one per module, named as typed. They import what they need when they run."""
