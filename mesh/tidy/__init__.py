"""Formatting of spec files: one layout, one order of keys, all comments kept."""

from mesh.tidy.formatting import Tidied, document_text, tidied

__all__ = ["Tidied", "document_text", "tidied"]
