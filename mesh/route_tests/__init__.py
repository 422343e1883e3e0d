"""Tests of routing that a repository keeps beside its specs: ``kind: RouteTests``."""

from mesh.route_tests.suite import RouteTest, RouteTests
from mesh.route_tests.verdict import Verdict, failures, verdicts

__all__ = ["RouteTest", "RouteTests", "Verdict", "failures", "verdicts"]
