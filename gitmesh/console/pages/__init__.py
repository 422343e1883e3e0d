"""Handlers of pages: one module a page; each returns the values of its template."""
