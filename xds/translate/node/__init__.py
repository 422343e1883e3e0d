"""Configuration of a virtual node's proxy: inbound traffic, and calls to backends."""
