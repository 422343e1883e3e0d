"""One example of each event kind for docs/events.md: the first days of a small shop."""

from collections.abc import Sequence
from typing import Final

from events.types import (
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    DeliveryEvent,
    FieldChange,
    HistoryRewritten,
    MeshEvent,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    PushReceived,
    PushRefused,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    RulesChanged,
    Seq,
    ServerStarted,
    ServingPinned,
    ServingReleased,
    Signature,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    SourceRecovered,
    TrafficShifted,
    WeightChange,
    WorkerResponsive,
    WorkerUnresponsive,
)
from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import Problem, Severity

_FIRST: Final = CommitId("1f3c5a7e9b2d4f6081a3c5e7092b4d6f8a1c3e50")
_SECOND: Final = CommitId("2a4c6e80b1d3f507192a3c4d5e6f708192a3b4c5")
_BAD: Final = CommitId("3b5d7f91c2e4061829304a5b6c7d8e9fa0b1c2d3")
_ADA: Final = Signature("Ada", "ada@shop.example", "2026-11-23T09:30:00+01:00")
_NODE: Final = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart-v2")
_OLD_NODE: Final = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart-v0")
_ROUTE: Final = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")
_PROXY: Final = "127.0.0.1:40112#7"


def _node(port: int) -> JsonObject:
    return {"listeners": [{"portMapping": {"port": port, "protocol": "http"}}]}


def _split(v1: int, v2: int) -> JsonObject:
    targets: JsonObject = {
        "weightedTargets": [
            {"virtualNode": "cart-v1", "weight": v1},
            {"virtualNode": "cart-v2", "weight": v2},
        ]
    }
    return {"httpRoute": {"match": {"prefix": "/"}, "action": targets}}


def _facts(
    commit: CommitId, message: str, *parents: CommitId, reverts: tuple[CommitId, ...] = ()
) -> CommitFacts:
    trailers = (("Change-Id", "CHG-123"),)
    return CommitFacts(commit, commit[::-1], parents, _ADA, _ADA, message, trailers, reverts)


_DANGLING: Final = Problem(
    "routes/cart.yaml",
    12,
    "$.spec.httpRoute.action.weightedTargets[1].virtualNode",
    "dangling-reference",
    'no virtual node named "cart-v3" in mesh "shop"',
    'did you mean "cart-v2"?',
)
_UNUSED: Final = Problem(
    "nodes/web.yaml",
    9,
    "$.spec.backends[0]",
    "inactive-backend",
    'no virtual service named "gifts" in mesh "shop"',
    severity=Severity.WARNING,
)

MESH_EXAMPLES: Final[Sequence[MeshEvent]] = (
    CommitApplied(
        _facts(_FIRST, "Send a tenth of the carts to v2\n\nChange-Id: CHG-123\n"),
        restores=None,
        changes=4,
        warnings=({**_UNUSED.as_json()},),
    ),
    ResourceAdded(_NODE, _FIRST, _node(8080), "nodes/cart-v2.yaml"),
    ResourceChanged(
        _NODE,
        _FIRST,
        _node(9090),
        "nodes/cart-v2.yaml",
        (FieldChange("$.listeners[0].portMapping.port", 8080, 9090),),
    ),
    TrafficShifted(
        _ROUTE,
        _FIRST,
        _split(90, 10),
        "routes/cart.yaml",
        (WeightChange("cart-v1", None, 100, 90), WeightChange("cart-v2", None, 0, 10)),
    ),
    ResourceRemoved(_OLD_NODE, _FIRST),
    CommitRejected(
        _facts(_BAD, "Send the rest to v3\n", _FIRST, reverts=(_FIRST,)),
        problems=({**_DANGLING.as_json()},),
        omitted=0,
    ),
    HistoryRewritten(_BAD, _SECOND, _FIRST, (_BAD,), "rewritten"),
)
"""One example of each event kind of the mesh chain, in a possible order."""

DELIVERY_EXAMPLES: Final[Sequence[DeliveryEvent]] = (
    ServerStarted("1.0.0"),
    RulesChanged(1, 2, Seq(3), "1.0.0"),
    ProxyConnected("mesh/shop/virtualNode/web", _PROXY, "envoy 1.37.0", ProxyState.BEHIND, _FIRST),
    ProxiesSettled(_FIRST, Seq(5), in_sync=(_PROXY,)),
    SnapshotPublished(_FIRST, Seq(5), ("mesh/shop/virtualNode/web",), 1, 1),
    SnapshotConverged(
        _FIRST, 1, {"seen": 21_400, "planned": 28_100, "written": 33_900, "acked": 61_200}
    ),
    SnapshotRejected(
        _FIRST,
        "mesh/shop/virtualNode/web",
        "type.googleapis.com/envoy.config.listener.v3.Listener",
        "9f2c41d07be35a68",
        "Error adding/updating listener(s) lds_ingress_127.0.0.1_15000: "
        "unable to open file '/logs/web.txt': No such file or directory",
        _PROXY,
        ("lds_ingress_127.0.0.1_15000",),
        ("mesh/shop/virtualNode/web",),
        "0c1b7a53e2d9f468",
    ),
    SnapshotDelayed(_FIRST, 3, 1, 1, ("127.0.0.1:40113#8",)),
    ProxyDisconnected("mesh/shop/virtualNode/web", _PROXY, "stream closed by the proxy"),
    ProxiesFlapped(
        "mesh/shop/virtualNode/web",
        _FIRST,
        "2026-11-23T08:20:00Z",
        212,
        212,
        (("127.0.0.1:40731#431", "envoy 1.37.0", "behind"),),
        ("127.0.0.1:40115#9",),
        "cancelled",
    ),
    WorkerUnresponsive(2, 4711, 40),
    WorkerResponsive(2, "ended"),
    SourceDegraded("branch-gone", "the branch main does not exist any more"),
    SourceRecovered("branch-gone"),
    PushReceived(
        "refs/heads/main", _SECOND, _FIRST, "ada", "ssh", "git", "", ("ticket=CHG-123",), 0
    ),
    PushRefused(
        "refs/heads/main",
        _BAD,
        _FIRST,
        *("bob", "http", "git", "Bob <bob@shop.example>"),
        options=(),
        omitted=0,
        reason="problems",
        commits=(_BAD,),
        problems=({**_DANGLING.as_json()},),
        more_problems=2,
        unrecorded=0,
    ),
    ServingPinned(_FIRST, Seq(5), "ada", "carts fail, INC-7", "2026-11-23T11:30:00Z"),
    ServingReleased(_FIRST, "released", "ada", "INC-7 is over"),
)
"""One example of each event kind of the delivery chain."""
