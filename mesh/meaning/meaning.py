"""What one field means, and what holds where it is left out."""

from collections.abc import Mapping
from typing import NamedTuple

from mesh.spec.common import Spec


class Meaning(NamedTuple):
    """The meaning of one field."""

    text: str
    """What it does, in a sentence or two."""
    default: str = ""
    """What holds where it is left out; empty for a field that is required or that turns nothing on
    by itself."""


Table = Mapping[type[Spec], Mapping[str, Meaning]]
"""By model and by the field's name in Python."""
