"""Traffic that proxies report: summed, kept by minute in a file of its own, and asked for.

Read ``reading.py`` first: what others may ask. The file is never part of the event log, whose size
must follow changes and not traffic.
"""
