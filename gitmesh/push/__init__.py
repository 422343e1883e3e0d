"""Handling of ``git push``: the hooks, their checks, and the answer to the pusher."""
