"""Shifts of traffic from one virtual node to another, step by step, checked by gates. Pure."""
