"""Validation rules: for one document (``document``) and between resources (``graph``). Pure."""
