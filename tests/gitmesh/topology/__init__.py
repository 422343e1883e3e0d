"""Tests of the pictures of a mesh."""
