"""Status of a commit, as far as a caller may see it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gitmesh.access.permission import Permission
from gitmesh.queries.commit_status import NodeStatus
from gitmesh.service.delivery.status import StatusAnswer
from mesh.keys import ResourceKey


def visible_status(answer: StatusAnswer, permission: Permission) -> StatusAnswer:
    """Return the status of a commit, with the states of proxies of nodes that may be read.

    Deliveries, pins, and what keeps the server from its work are about the repository as a whole.
    """
    if permission.reads_all:
        return answer
    nodes = tuple(_visible_nodes(answer.found.nodes, permission))
    found = replace(
        answer.found,
        nodes=nodes,
        delivered=None,
        again=None,
        degraded=(),
        unresponsive=(),
        pin=None,
        pin_is_over=False,
        newest=answer.found.served,
        instead=None,
    )
    connected = sum(sum(node.states.values()) for node in nodes)
    return replace(answer, found=found, connected=connected, required=0, requested_pin=None)


def _visible_nodes(nodes: Iterable[NodeStatus], permission: Permission) -> Iterator[NodeStatus]:
    for node in nodes:
        key = ResourceKey.parse(node.node)
        if permission.may_read(key):
            yield node if permission.reads_mesh(key.mesh) else replace(node, refusals=())
