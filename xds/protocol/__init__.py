"""The xDS protocol as a state machine: requests and snapshots in, responses out. Pure.

Read ``session.py`` first; ``sotw_watch.py`` and ``delta_watch.py`` are the two variants."""
