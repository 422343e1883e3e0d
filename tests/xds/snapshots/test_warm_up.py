"""Warm-up: it uses the same code as a real mesh."""

from mesh.linking import link
from xds.snapshots import warm_up


def test_the_made_up_mesh_is_one_that_a_push_could_bring() -> None:
    graph = link(warm_up._resources())
    assert [str(problem) for problem in graph.problems] == []


def test_it_can_be_played_again_and_again() -> None:
    warm_up.warm_up()
    warm_up.warm_up()
