"""Meaning of every field of every kind, for ``gitmesh explain`` and for forms.

Types, limits and choices come from the models in :mod:`mesh.spec`; the tables here say what each
field does, and which default it has. Read ``field.py`` first.
"""

from mesh.meaning.field import Field, field_at, fields_of, kind_of, root_of, walk
from mesh.meaning.meaning import Meaning
from mesh.meaning.table import meanings_of, reading_orders

__all__ = [
    "Field",
    "Meaning",
    "field_at",
    "fields_of",
    "kind_of",
    "meanings_of",
    "reading_orders",
    "root_of",
    "walk",
]
