"""Tests of shifts: controller and commands."""
