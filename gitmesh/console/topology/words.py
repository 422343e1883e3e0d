"""The words of pictures in the language of a visitor."""

from gitmesh.console.web.localisation import Localised
from gitmesh.topology.drawing.wording import Wording
from gitmesh.topology.model import Mark
from mesh.keys import Kind


def wording(words: Localised, *, sees_all: bool) -> Wording:
    """Return the words of a picture.

    :param sees_all: False for visitors who may not see everything: what is missing to them may
        exist.
    """
    _ = words._
    return Wording(
        kinds={
            Kind.VIRTUAL_GATEWAY: _("virtual gateway"),
            Kind.VIRTUAL_SERVICE: _("virtual service"),
            Kind.VIRTUAL_ROUTER: _("virtual router"),
            Kind.VIRTUAL_NODE: _("virtual node"),
        },
        plurals={
            Kind.VIRTUAL_GATEWAY: _("virtual gateways"),
            Kind.VIRTUAL_SERVICE: _("virtual services"),
            Kind.VIRTUAL_ROUTER: _("virtual routers"),
            Kind.VIRTUAL_NODE: _("virtual nodes"),
        },
        marks={
            Mark.ADDED: _("added"),
            Mark.REMOVED: _("removed"),
            Mark.CHANGED: _("changed"),
        },
        missing=_("missing") if sees_all else _("not visible to you"),
        hidden=_("calls not shown: {number}"),
        empty=_("No resources"),
        summary=_(
            "Virtual gateways: {gateways}, virtual services: {services}, virtual routers: "
            "{routers}, virtual nodes: {nodes}; callers stand to the left of what they call"
        ),
    )
