"""The linked mesh of a logged state, without git."""

from events.state import MeshState
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.mesh_settings import settings_from_json
from mesh.linking import link, with_settings
from mesh.resource import Resource, spec_from_json


def logged_mesh(state: MeshState) -> MeshGraph:
    """Return the graph of a logged state, with its settings."""
    resources = (Resource(key, spec_from_json(key, spec)) for key, spec in state.resources.items())
    return with_settings(link(resources), settings_from_json(state.settings))
