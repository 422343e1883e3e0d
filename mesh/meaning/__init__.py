"""The meaning of every field of every kind: for ``gitmesh explain``, and for forms.

Types, limits and choices come from the models in :mod:`mesh.spec`; what a field does, and what
holds where it is left out, stands in the tables here.
"""

from mesh.meaning.field import Field, field_at, fields_of, kind_of, root_of, walk
from mesh.meaning.meaning import Meaning
from mesh.meaning.table import meanings_of

__all__ = [
    "Field",
    "Meaning",
    "field_at",
    "fields_of",
    "kind_of",
    "meanings_of",
    "root_of",
    "walk",
]
