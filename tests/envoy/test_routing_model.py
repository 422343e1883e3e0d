"""Our model of routing against real Envoys: thousands of random requests, one by one."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from mesh.keys import ResourceKey
from mesh.linking import MeshGraph
from mesh.routing import Decision, Outcome, Request, decide
from tests.support.routing_features import FEATURES, OF_CONNECTIONS, OF_GATEWAYS, Forget, without
from tests.support.routing_law import FRONT, WEB, Land, Reply

pytestmark = pytest.mark.envoy

REQUESTS = 2000
"""At each proxy of each mesh."""
SEEDS = (1, 3, 4, 6, 7, 9, 10, 11)
ENOUGH = 3
"""So many requests at least are decided by each feature."""
CONNECTIONS = 40
"""To each port of TCP."""


@pytest.mark.parametrize("seed", SEEDS)
def test_the_model_says_what_envoy_does(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    land = Land(seed)
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    taken: set[object] = set()
    with land.running(tmp_path):
        for gateway in (False, True):
            caller = FRONT if gateway else WEB
            asked = [land.request(gateway=gateway) for _ in range(REQUESTS)]
            for request, reply in zip(asked, land.ask(asked, gateway=gateway), strict=True):
                decision = decide(land.graph, caller, request)
                seen[f"{caller.kind} {decision.outcome}"] += 1
                taken |= {r.key for r in (decision.route, decision.gateway_route) if r}
                if not _agree(decision, reply):
                    wrong.append(_difference(request, decision, reply))
        for request, answered in land.connect(CONNECTIONS):
            decision = decide(land.graph, WEB, request)
            seen[f"connection {decision.outcome}"] += 1
            if answered != {share.port for share in decision.shares}:
                wrong.append(f"{request}\n    model {decision.result}\n    Envoy {answered}")
    with capsys.disabled():
        print(f"\n  seed {seed}: {dict(seen)}, {len(taken)} routes taken, {len(wrong)} differences")
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong[:10])
    assert len(taken) > 50
    for proxy in ("VirtualNode", "VirtualGateway"):
        assert seen[f"{proxy} {Outcome.ROUTED}"] > REQUESTS / 4
        assert seen[f"{proxy} {Outcome.NONE}"]
        assert seen[f"{proxy} {Outcome.UNAVAILABLE}"]


@dataclass(frozen=True)
class Asked:
    """What is asked of one proxy of one mesh in the test above, and decided."""

    graph: MeshGraph
    caller: ResourceKey
    requests: list[Request]
    decided: list[Decision]

    def otherwise(self, forget: Forget) -> Iterator[Request]:
        """Yield the requests that are decided otherwise in a mesh that lacks a feature."""
        forgetful = without(self.graph, forget)
        for request, before in zip(self.requests, self.decided, strict=True):
            after = decide(forgetful, self.caller, request)
            if any(getattr(before, part) != getattr(after, part) for part in _SEEN):
                yield request


_SEEN = ("outcome", "shares", "path", "host")
"""The parts of a decision that a test with an Envoy compares."""


def _asked(land: Land, caller: ResourceKey, requests: list[Request]) -> Asked:
    decided = [decide(land.graph, caller, request) for request in requests]
    return Asked(land.graph, caller, requests, decided)


@pytest.fixture(scope="module")
def lands() -> list[Land]:
    return [Land(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def asked(lands: list[Land]) -> list[Asked]:
    """Return what is asked of the nodes and of the gateways of all meshes."""
    return [
        _asked(land, caller, [land.request(gateway=caller == FRONT) for _ in range(REQUESTS)])
        for land in lands
        for caller in (WEB, FRONT)
    ]


@pytest.mark.parametrize("feature", FEATURES)
def test_what_is_asked_depends_on_every_feature(asked: list[Asked], feature: str) -> None:
    for caller in (FRONT,) if feature in OF_GATEWAYS else (WEB, FRONT):
        of_caller = (each for each in asked if each.caller == caller)
        found = (r for each in of_caller for r in each.otherwise(FEATURES[feature]))
        assert len(list(islice(found, ENOUGH))) == ENOUGH, caller


@pytest.mark.parametrize("feature", OF_CONNECTIONS)
def test_where_connections_go_depends_on_every_feature(lands: list[Land], feature: str) -> None:
    dialled = [_asked(land, WEB, land.ports_of_tcp()) for land in lands]
    found = [r for each in dialled for r in each.otherwise(OF_CONNECTIONS[feature])]
    assert len(found) >= ENOUGH


def _agree(decision: Decision, reply: Reply) -> bool:
    if decision.outcome is not Outcome.ROUTED:
        status = {Outcome.NONE: 404, Outcome.UNAVAILABLE: 503}.get(decision.outcome)
        return reply.port is None and reply.status == status
    arrived = (decision.path, decision.host) == (reply.path, reply.host)
    return arrived and reply.port in {share.port for share in decision.shares}


def _difference(request: Request, decision: Decision, reply: Reply) -> str:
    said = (
        decision.outcome,
        decision.reason,
        decision.shares,
        decision.path,
        decision.host,
        decision.gateway_route and decision.gateway_route.key.name,
        decision.route and decision.route.spec.model_dump_json(exclude_none=True),
    )
    return f"{request} {dict(request.headers)}\n    model {said}\n    Envoy {reply}"
