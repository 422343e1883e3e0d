"""Reports of clients about their traffic: decoding, bounds, and sums. Pure.

Read ``counts.py`` first."""
