"""Whatever crosses with whatever: a proxy ends on the newest snapshot, and could serve all the way.

The proxy is the model of tests/support/proxy_model.py. Requests and responses wait on the wire for
any time, snapshots come at any moment, streams break and come back, and some content is refused.
"""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import shop_xds
from tests.support.delta_proxy_model import DeltaProxyModel
from tests.support.proxy_model import Contents, ProxyModel
from xds.protocol.response import Response
from xds.protocol.session import Session
from xds.snapshots.resources import Encoded, Pool
from xds.snapshots.snapshot import Snapshot, build_snapshot
from xds.type_urls import CLUSTER, LISTENER, ROUTE

POOL = Pool()
mesh = shop_xds.mesh
GOOD = [
    mesh("a=1"),
    mesh("a=1", "b=9"),
    mesh("a=9", "b=1"),
    mesh("b=1"),
    mesh("c=1", eds=False),
    mesh("a=1", eds=False),
    mesh("a=1", endpoint_port=81),
    mesh("d=1", routes_name="other"),
    mesh("a=1", "d=1", routes_name="other", listener_port=15002),
    {**mesh("a=1", "b=1"), CLUSTER: tuple(shop_xds.eds_cluster(n, connect_s=2) for n in "ab")},
]
BAD_ROUTES = mesh("a=13", "z=1")
BAD_LISTENER = mesh("a=1", "b=9", stat="bad")
BAD_CLUSTER = {
    **mesh("a=1", "y=1"),
    CLUSTER: (shop_xds.eds_cluster("a"), shop_xds.eds_cluster("y", connect_s=13)),
}
BROKEN = [BAD_ROUTES, BAD_LISTENER, BAD_CLUSTER]
SNAPSHOTS = [build_snapshot(POOL, each) for each in (*GOOD, *BROKEN)]
BAD = frozenset(
    {
        SNAPSHOTS[-3][ROUTE].by_name["routes"],
        SNAPSHOTS[-2][LISTENER].by_name["egress"],
        SNAPSHOTS[-1][CLUSTER].by_name["y"],
    }
)
CONTENTS = Contents()
for _snapshot in SNAPSHOTS:
    for _set in _snapshot.sets.values():
        CONTENTS.learn(_set)

MODELS = [
    pytest.param(ProxyModel, id="state of the world"),
    pytest.param(DeltaProxyModel, id="delta"),
]
DRAIN_S = 4
STEPS = st.one_of(
    st.integers(0, len(SNAPSHOTS) - 1),
    st.sampled_from(["server", "server", "proxy", "proxy", "tick", "reconnect", "talk", "talk"]),
)


class World:
    """A server's session and a proxy, with a wire in each direction."""

    def __init__(self, model: type[ProxyModel]) -> None:
        self.now = 0.0
        self.latest: Snapshot | None = None
        self.proxy = model(CONTENTS, BAD)
        self.inbox: deque[Response] = deque()
        self.resent: list[tuple[Encoded, ...]] = []
        self.served = False
        self.reconnect()

    def publish(self, snapshot: Snapshot) -> None:
        self.latest = snapshot
        self.session.on_snapshot(snapshot, self.now)

    def do(self, step: int | str) -> None:
        if isinstance(step, int):
            self.publish(SNAPSHOTS[step])
        elif step == "server" and self.proxy.outbox:
            self.session.on_request(self.proxy.outbox.popleft(), self.now)
        elif step == "proxy" and self.inbox:
            self.proxy.read(self.inbox.popleft())
            self.check()
        elif step in ("talk", "tick", "reconnect"):
            getattr(self, step)()
        while (response := self.session.next_response(self.now)) is not None:
            self.inbox.append(response)

    def reconnect(self) -> None:
        self.inbox.clear()
        # Known gap: which routes a proxy still drains is forgotten with the stream.
        self.proxy.end_draining()
        self.proxy.connect()
        self.session = self.begin()
        if self.latest is not None:
            self.session.on_snapshot(self.latest, self.now)

    def begin(self) -> Session:
        # Never tired of waiting: this proxy always answers, however late.
        return Session(POOL, ack_wait=1e9, linger=2)

    def check(self) -> None:
        assert self.proxy.unserved() == set(), "a route in use names a cluster that cannot serve"

    def tick(self) -> None:
        self.now += 1
        self.session.on_tick(self.now)
        if self.now % DRAIN_S == 0:
            self.proxy.end_draining()

    def talk(self) -> None:
        """Let everything that is on the wire arrive."""
        for _ in range(300):
            if not self.inbox and not self.proxy.outbox:
                return
            self.do("server")
            self.do("proxy")
        raise AssertionError("they talk for ever")

    def settle(self) -> None:
        for _ in range(3):
            for _ in range(20):
                self.talk()
                busy = self.proxy.warming or self.proxy.draining
                if self.session.wake_at is None and not busy:
                    return
                self.do("tick")
            # Only who lost its stream while clusters were warming may wait for endpoints in vain.
            self.proxy.give_up_waiting()
        raise AssertionError(f"they do not come to rest: {self.session.wake_at}")


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=300, deadline=None)
@given(steps=st.lists(STEPS, max_size=60), last=st.integers(0, len(GOOD) - 1))
def test_any_interleaving_ends_on_the_newest_snapshot_and_can_serve_all_the_way(
    model: type[ProxyModel], steps: list[int | str], last: int
) -> None:
    world = World(model)
    for step in steps:
        world.do(step)
    world.do(last)
    world.settle()
    for type_url, held in world.proxy.held.items():
        wanted = SNAPSHOTS[last][type_url]
        assert held == {r.name: r for r in wanted.all}, type_url
    assert world.proxy.given_up == 0 or "reconnect" in steps
    assert world.session.state.in_sync
    assert not world.session.state.stuck_on
    assert world.session.wake_at is None


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, max_size=40), last=st.integers(len(GOOD), len(SNAPSHOTS) - 1))
def test_a_refused_snapshot_leaves_the_proxy_able_to_serve_and_is_not_sent_again(
    model: type[ProxyModel], steps: list[int | str], last: int
) -> None:
    world = World(model)
    for step in steps:
        world.do(step)
    world.do(last)
    world.settle()
    sent = len(world.proxy.refusals)
    assert sent > 0
    for _ in range(20):
        world.do("tick")
    world.settle()
    assert len(world.proxy.refusals) == sent
    assert not world.session.state.in_sync
    assert world.session.state.stuck_on
    assert world.proxy.unserved() == set()
    world.do(0)
    world.settle()
    assert world.session.state.in_sync, "content that is good again must get through at once"
