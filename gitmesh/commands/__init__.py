"""The commands, one a module, named as typed. They import what they need when they run."""
