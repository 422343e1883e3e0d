"""Measures what the promises say about speed, as ratios and against limits in the same run."""
