"""Our model of routing against real Envoys: thousands of random requests, one by one."""

from collections import Counter
from pathlib import Path

import pytest

from mesh.routing import Decision, Outcome, Request, decide
from tests.support.routing_law import FRONT, WEB, Land, Reply

pytestmark = pytest.mark.envoy

REQUESTS = 2000
"""At each proxy of each mesh."""


@pytest.mark.parametrize("seed", [1, 4])
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
    with capsys.disabled():
        print(f"\n  seed {seed}: {dict(seen)}, {len(taken)} routes taken, {len(wrong)} differences")
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong[:10])
    assert len(taken) > 50
    for proxy in ("VirtualNode", "VirtualGateway"):
        assert seen[f"{proxy} {Outcome.ROUTED}"] > REQUESTS / 4
        assert seen[f"{proxy} {Outcome.NONE}"]
        assert seen[f"{proxy} {Outcome.UNAVAILABLE}"]


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
