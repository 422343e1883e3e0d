"""Rules that a specification must keep: alone (``document``) and among others (``graph``). Pure."""
