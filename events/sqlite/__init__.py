"""The SQLite event store: schema, migrations, append, read, projections, backup.

Read ``store.py`` first. The only package that imports ``sqlite3`` and ``sqlite_utils``, and the
only one that knows SQL. Only ``events.opening`` imports it."""
