"""The rehearsal: what it uses is what a real mesh uses."""

from mesh.graph import link
from xds import rehearsal


def test_the_made_up_mesh_is_one_that_a_push_could_bring() -> None:
    graph = link(rehearsal._resources())
    assert [str(problem) for problem in graph.problems] == []


def test_it_can_be_played_again_and_again() -> None:
    rehearsal.rehearse()
    rehearsal.rehearse()
