"""All tables of meanings together."""

from collections.abc import Iterator, Mapping
from typing import Final

from mesh.keys import Kind
from mesh.meaning import common, listener, node, route, tls
from mesh.meaning.meaning import Meaning, Table
from mesh.spec.common import Spec

_TABLE: Final[Table] = {
    **common.TABLE,
    **listener.TABLE,
    **tls.TABLE,
    **node.TABLE,
    **route.TABLE,
}


KINDS: Final[Mapping[Kind, Meaning]] = {
    Kind.MESH: Meaning("The space in which services, nodes and routers have their names."),
    Kind.VIRTUAL_SERVICE: Meaning("The name that applications call, and who answers for it."),
    Kind.VIRTUAL_NODE: Meaning(
        "A workload: the ports it serves, how its instances are found, the services it calls."
    ),
    Kind.VIRTUAL_ROUTER: Meaning("The ports on which routes divide calls among virtual nodes."),
    Kind.ROUTE: Meaning("Which requests of a virtual router go to which nodes, in which shares."),
    Kind.VIRTUAL_GATEWAY: Meaning("An entrance for traffic from outside the mesh."),
    Kind.GATEWAY_ROUTE: Meaning("Which requests at a gateway go to which virtual service."),
    Kind.SERVICE_INSTANCES: Meaning(
        "The instances of a service that nodes find through AWS Cloud Map."
    ),
}
"""What each kind is for."""


def meanings_of(model: type[Spec]) -> Mapping[str, Meaning]:
    """Return the meaning of each field of a model, by the field's name in Python."""
    return _TABLE[model]


def reading_orders() -> Iterator[tuple[str, ...]]:
    """Yield for each model the names of its fields in documents, in reading order."""
    for model, meanings in _TABLE.items():
        fields = model.model_fields
        yield tuple(fields[name].alias or name for name in meanings)
