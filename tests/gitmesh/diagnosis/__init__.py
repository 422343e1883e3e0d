"""Tests of gitmesh.diagnosis."""
