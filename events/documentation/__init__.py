"""The text of docs/events.md: every kind of event, its fields, and examples.

Read ``page.py`` first."""
