"""Bytes of one file to plain values, and which resource a document is about. Pure.

Read ``document.py`` first. It parses YAML or JSON and keeps the line of every part.
"""
