"""Specs as people like to read them: one layout, one order of keys, every comment kept."""

from mesh.tidy.formatting import Tidied, document_text, tidied

__all__ = ["Tidied", "document_text", "tidied"]
