"""What every event store must do, written against the protocols of ``events.store``.

A store is one entry of ``STORES`` in ``conftest.py``: how to get an empty place for a log.
"""
