"""Benchmarks of the promised speed, as ratios and against limits in the same run."""
