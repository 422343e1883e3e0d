"""Route tests in a repository, next to the specs: ``kind: RouteTests``. Read ``suite.py`` first."""

from mesh.route_tests.suite import RouteTest, RouteTests
from mesh.route_tests.verdict import Verdict, failures, verdicts

__all__ = ["RouteTest", "RouteTests", "Verdict", "failures", "verdicts"]
