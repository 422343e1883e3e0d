"""Forms generated from the spec models: fields, values, problems beside fields, merges. Pure.

Read ``field.py`` first, then ``values.py``. Only pages of the console import it.
"""
