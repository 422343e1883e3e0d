"""Events to and from their stored JSON form: one body per kind, schema versions, upcasters. Pure.

Read ``codec.py`` first."""
