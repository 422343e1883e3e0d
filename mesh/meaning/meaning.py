"""Meaning of one field, and its default."""

from collections.abc import Mapping
from typing import NamedTuple

from mesh.spec.common import Spec


class Meaning(NamedTuple):
    """The meaning of one field."""

    text: str
    """Effect of the field, in a sentence or two."""
    default: str = ""
    """Behaviour if the field is absent; empty for a required field, and for a field whose absence
    means "off"."""


Table = Mapping[type[Spec], Mapping[str, Meaning]]
"""Meanings by model and by the field's name in Python.

The fields of a model are in reading order, in which ``gitmesh fmt`` writes them.
"""
