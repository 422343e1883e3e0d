"""Meanings of the fields of all models."""

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
    Kind.MESH: Meaning(
        "A service mesh: services, nodes, routers and gateways with names of their own."
    ),
    Kind.VIRTUAL_SERVICE: Meaning("A name that applications call, and its provider."),
    Kind.VIRTUAL_NODE: Meaning(
        "A workload: its listeners, the discovery of its instances, and the services that it calls."
    ),
    Kind.VIRTUAL_ROUTER: Meaning(
        "Ports whose traffic is distributed over virtual nodes by routes."
    ),
    Kind.ROUTE: Meaning(
        "A rule that sends matching requests of a virtual router to virtual nodes, by weight."
    ),
    Kind.VIRTUAL_GATEWAY: Meaning("An entry point for traffic from outside the mesh."),
    Kind.GATEWAY_ROUTE: Meaning(
        "A rule that sends matching requests of a virtual gateway to a virtual service."
    ),
    Kind.SERVICE_INSTANCES: Meaning("Instances of a service that AWS Cloud Map would list."),
}
"""Purpose of each kind."""


def meanings_of(model: type[Spec]) -> Mapping[str, Meaning]:
    """Return the meaning of each field of a model, by the field's name in Python."""
    return _TABLE[model]


def has_meanings(model: type[Spec]) -> bool:
    """Return whether the fields of a model have meanings, which is so for the models of App Mesh's
    resources."""
    return model in _TABLE


def reading_orders() -> Iterator[tuple[str, ...]]:
    """Yield for each model the names of its fields in documents, in reading order."""
    for model, meanings in _TABLE.items():
        fields = model.model_fields
        yield tuple(fields[name].alias or name for name in meanings)
