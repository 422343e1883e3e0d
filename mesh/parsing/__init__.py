"""Parsing of files to plain values, and the identity of each document. Pure.

Read ``document.py`` first. It parses YAML or JSON and keeps the line of every part.
"""
