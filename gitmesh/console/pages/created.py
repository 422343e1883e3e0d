"""Page about created resources: the proxies that have them, and the start of each new proxy."""

from dataclasses import dataclass

from gitmesh.console import paths
from gitmesh.console.fleet.start import OF_PROXIES, start_command
from gitmesh.console.visit import Answer, View, Visit
from gitmesh.console.writing import readable
from gitmesh.service.delivery.status import status
from mesh.keys import ResourceKey

MOST_NODES = 20


@dataclass(frozen=True, slots=True)
class NewNode:
    """A new node, and its way into the mesh."""

    key: ResourceKey
    command: str
    connected: int
    """Number of its proxies that are connected now."""


def created(visit: Visit) -> Answer:
    """Return the page that follows a commit with new nodes until their proxies have it."""
    commit = visit.name
    _, found = status(visit.served.log, visit.served.repo, commit)
    connected = visit.served.log.connected_nodes()
    keys = [readable(visit, name) for name in visit.query.get("nodes", "").split()[:MOST_NODES]]
    nodes = [
        NewNode(key, start_command(key, visit.served.xds), connected.get(str(key), 0))
        for key in keys
        if key.kind in OF_PROXIES
    ]
    values = {
        "paths": paths,
        "commit": commit,
        "found": found,
        "nodes": nodes,
        "all_there": all(node.connected for node in nodes) and found.verdict.value == "in-sync",
        "nodes_text": visit.query.get("nodes", ""),
    }
    live = visit.query.get("live")
    return View("created_live.html" if live else "created.html", values)
