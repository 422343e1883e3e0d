"""Use cases about single resources, as an API reads and changes them.

``description`` is where to begin. May be imported by command line, API and console.
"""
