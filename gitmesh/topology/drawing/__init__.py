"""Writes a topology in formats for people: SVG, Mermaid, DOT and plain text.

All of them take ``wording.py`` for the words that are not names. Names are foreign text: each
format escapes them its own way.
"""
