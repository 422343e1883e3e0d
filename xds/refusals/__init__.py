"""Refused configuration (NACK): which resource and which spec caused it.

Read ``refusal_causes.py`` first."""
