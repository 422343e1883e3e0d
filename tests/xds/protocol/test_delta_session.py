"""Rules of the delta protocol, one test each, on the session alone."""

from dataclasses import dataclass, field, replace

from envoy_data_plane.envoy.service.discovery.v3 import DeltaDiscoveryResponse

from tests.support import shop_xds
from tests.support.shop_xds import Translation, mesh
from xds.protocol.response import Ack, Answer, Nack, Response
from xds.protocol.session import Session
from xds.protocol.session_state import MAX_UNSERVED_TYPES
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import Snapshot, build_snapshot
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, TypeUrl
from xds.wire.decode import DeltaDiscoveryRequest, ErrorDetail
from xds.wire.fields import fields

POOL = Pool()


def snapshot(translation: Translation) -> Snapshot:
    return build_snapshot(POOL, translation)


ONE = snapshot(mesh("a=1"))
TWO = snapshot(mesh("a=1", "b=1"))
WEIGHTS = snapshot(mesh("a=2"))
OTHER = snapshot(mesh("b=1"))
ENDPOINTS = snapshot(mesh("a=1", endpoint_port=81))
NOTHING = snapshot({CLUSTER: (), ENDPOINT: (), LISTENER: (), ROUTE: ()})
STRANGE = TypeUrl("type.googleapis.com/envoy.service.runtime.v3.Runtime")


@dataclass
class Told:
    """What a delta response says."""

    type_url: TypeUrl
    resources: dict[str, str] = field(default_factory=dict)
    """Versions by name."""
    removed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def told(response: Response) -> Told:
    found = Told(response.type_url)
    body = response.body
    for key, a, b in fields(body):
        if key == 2 << 3 | 2:
            parts = {k >> 3: str(body[c:d], "utf-8") for k, c, d in fields(body, a, b) if k != 18}
            found.resources[parts[3]] = parts[1]
        elif key == 6 << 3 | 2:
            found.removed.append(str(body[a:b], "utf-8"))
        elif key == 9 << 3 | 2:
            found.errors.append(str(body[a + 4 : a + 4 + body[a + 3]], "utf-8"))
    return found


def shape(responses: list[Response]) -> list[tuple[TypeUrl, list[str], list[str]]]:
    """Return type, names and removed names of each."""
    return [(t.type_url, list(t.resources), t.removed) for t in map(told, responses)]


class Client:
    """Speaks to a session, and says exactly what a test wants to say."""

    def __init__(self, first: Snapshot | None = ONE, *, errors: bool = False) -> None:
        self.now = 100.0
        self.session = Session(POOL, ack_wait=5, linger=2)
        if errors:
            self.session.tell_errors()
        self.answer: Answer | None = None
        if first is not None:
            self.session.on_snapshot(first, self.now)

    def ask(
        self,
        type_url: TypeUrl,
        *names: str,
        drop: tuple[str, ...] = (),
        had: dict[str, str] | None = None,
        to: Response | None = None,
        nonce: str = "",
        error: str | None = None,
    ) -> list[Response]:
        """Send a request, as an answer to a response when one is given."""
        nonce = nonce if to is None else to.nonce
        detail = None if error is None else ErrorDetail(3, error)
        request = DeltaDiscoveryRequest(type_url, names, drop, had or {}, nonce, detail)
        self.answer = self.session.on_request(request, self.now)
        return self.sent()

    def publish(self, new: Snapshot) -> list[Response]:
        self.session.on_snapshot(new, self.now)
        return self.sent()

    def wait(self, seconds: float) -> list[Response]:
        self.now += seconds
        self.session.on_tick(self.now)
        return self.sent()

    def sent(self) -> list[Response]:
        responses = []
        while (response := self.session.next_response(self.now)) is not None:
            responses.append(response)
        return responses

    def take(self, responses: list[Response]) -> list[Response]:
        """Acknowledge these; return what comes then."""
        more = []
        for response in responses:
            more += self.ask(response.type_url, to=response)
        return more

    def subscribed(self) -> "Client":
        """Ask for everything as Envoy does, and acknowledge it."""
        for type_url, *names in ((CLUSTER,), (ENDPOINT, "a"), (LISTENER,), (ROUTE, "routes")):
            assert self.take(self.ask(TypeUrl(type_url), *names)) == []
        assert self.session.state.in_sync
        return self


def versions(snapshot: Snapshot, type_url: TypeUrl) -> dict[str, str]:
    return {resource.name: resource.version for resource in snapshot[type_url].all}


# ---- what a response holds -----------------------------------------------------------------------


def test_a_resource_comes_with_its_name_and_its_own_version_and_the_response_with_the_types() -> (
    None
):
    (response,) = Client(TWO).ask(CLUSTER)
    assert told(response).resources == versions(TWO, CLUSTER)
    assert all(told(response).resources.values())
    assert response.version == TWO[CLUSTER].version, "the system version is the type's"


def test_only_the_resources_that_changed_are_sent() -> None:
    client = Client(TWO).subscribed()
    client.take(client.ask(ENDPOINT, "b"))
    assert shape(client.publish(snapshot(mesh("a=1", "b=5")))) == [(ROUTE, ["routes"], [])]


def test_a_change_of_one_type_gives_no_other_type_another_version() -> None:
    assert WEIGHTS[ROUTE].version != ONE[ROUTE].version
    assert WEIGHTS[CLUSTER].version == ONE[CLUSTER].version


def test_a_response_too_large_for_a_grpc_client_goes_in_parts() -> None:
    names = [f"c{n}" for n in range(10)]
    clusters = tuple(replace(shop_xds.eds_cluster(n), alt_stat_name="x" * 900_000) for n in names)
    endpoints = tuple(shop_xds.assignment(name, 80) for name in names)
    client = Client(snapshot({CLUSTER: clusters, ENDPOINT: endpoints, LISTENER: (), ROUTE: ()}))
    sizes: list[int] = []
    seen: list[str] = []
    waiting = client.ask(CLUSTER)
    while waiting:
        (response,) = waiting
        sizes.append(len(response.body))
        seen += told(response).resources
        waiting = client.take(waiting)
    assert seen == names
    # What a gRPC client takes unless it is told otherwise, and no more responses than that needs.
    assert max(sizes) < 4 << 20
    assert len(sizes) == 4


# ---- first requests, and those of a new stream ---------------------------------------------------


def test_a_first_request_without_names_means_everything_for_clusters_and_listeners_only() -> None:
    client = Client()
    assert shape(client.ask(CLUSTER)) == [(CLUSTER, ["a"], [])]
    assert shape(client.ask(LISTENER)) == [(LISTENER, ["egress"], [])]
    assert client.ask(ENDPOINT) == []
    assert client.ask(ROUTE) == []


def test_a_first_request_that_only_unsubscribes_asks_for_nothing() -> None:
    assert Client().ask(CLUSTER, drop=("x",)) == []


def test_everything_is_answered_even_when_it_is_nothing() -> None:
    client = Client(NOTHING)
    (response,) = client.ask(CLUSTER)
    assert shape([response]) == [(CLUSTER, [], [])]
    assert client.ask(CLUSTER, to=response) == [], "and only once"


def test_who_comes_back_is_sent_only_what_changed_and_told_what_is_gone() -> None:
    had = {**versions(ONE, CLUSTER), "gone": "v1"}
    client = Client(TWO)
    clusters = client.ask(CLUSTER, had=had)
    assert shape(clusters) == [(CLUSTER, ["b"], [])]
    client.take(clusters)
    for type_url, *names in ((ENDPOINT, "a", "b"), (LISTENER,), (ROUTE, "routes")):
        client.take(client.ask(TypeUrl(type_url), *names))
    assert client.session.state.in_sync
    assert shape(client.wait(2)) == [(CLUSTER, [], ["gone"])], "when nothing can need it any more"


def test_who_comes_back_and_has_everything_is_sent_nothing() -> None:
    client = Client()
    for type_url, *names in ((CLUSTER,), (ENDPOINT, "a"), (LISTENER,), (ROUTE, "routes")):
        kind = TypeUrl(type_url)
        assert client.ask(kind, *names, had=versions(ONE, kind)) == []
    assert client.session.state.in_sync
    assert client.wait(60) == []


def test_a_version_that_is_told_of_is_no_subscription() -> None:
    client = Client(TWO)
    assert client.ask(ENDPOINT, "a", had={"a": versions(TWO, ENDPOINT)["a"], "b": "old"}) == []
    changed = client.publish(snapshot(mesh("a=1", "b=1", endpoint_port=81)))
    assert shape(changed) == [(ENDPOINT, ["a"], [])]


def test_a_name_that_the_client_has_and_asks_for_and_that_is_gone_is_told_removed() -> None:
    client = Client()
    (response,) = client.ask(ENDPOINT, "a", "x", had={"x": "v1"})
    assert shape([response]) == [(ENDPOINT, ["a"], [])], "a cluster of the client may need x"
    assert client.take([response]) == []
    assert shape(client.wait(2)) == [(ENDPOINT, [], ["x"])]


def test_another_version_than_ours_is_replaced() -> None:
    assert shape(Client().ask(ENDPOINT, "a", had={"a": "0123"})) == [(ENDPOINT, ["a"], [])]


def test_clusters_of_an_earlier_server_stay_until_the_client_has_moved_off_them() -> None:
    client = Client(OTHER)
    had = {"old": "from-another-server"}
    assert shape(client.ask(CLUSTER, had=had)) == [(CLUSTER, ["b"], [])], "old is not taken yet"
    client.ask(CLUSTER, nonce="1")
    client.take(client.ask(ENDPOINT, "b"))
    client.take(client.ask(LISTENER, had={"egress": "v1"}))
    client.take(client.ask(ROUTE, "routes", had={"routes": "v1"}))
    assert shape(client.wait(2)) == [(CLUSTER, [], ["old"])]


# ---- names ---------------------------------------------------------------------------------------


def test_a_name_that_is_asked_for_again_is_sent_again_although_it_did_not_change() -> None:
    client = Client().subscribed()
    assert shape(client.ask(ENDPOINT, "a")) == [(ENDPOINT, ["a"], [])]


def test_a_name_that_does_not_exist_is_told_removed_at_once_and_once() -> None:
    client = Client().subscribed()
    (response,) = client.ask(ENDPOINT, "x")
    assert shape([response]) == [(ENDPOINT, [], ["x"])]
    assert client.ask(ENDPOINT, to=response) == []
    assert client.publish(WEIGHTS)[0].type_url == ROUTE


def test_a_name_that_does_not_exist_and_is_asked_for_again_is_told_again() -> None:
    client = Client().subscribed()
    client.take(client.ask(ENDPOINT, "x"))
    assert shape(client.ask(ENDPOINT, "x")) == [(ENDPOINT, [], ["x"])]


def test_a_name_that_comes_to_exist_is_sent_and_told_removed_when_it_is_gone() -> None:
    client = Client(OTHER)
    client.take(client.ask(ENDPOINT, "a"))
    assert shape(client.publish(ONE)) == [(ENDPOINT, ["a"], [])]
    client.ask(ENDPOINT, nonce="2")
    assert client.session.state.in_sync
    client.publish(OTHER)
    assert shape(client.wait(2)) == [(ENDPOINT, [], ["a"])]


def test_unsubscribing_from_a_name_is_not_answered_and_ends_its_updates() -> None:
    client = Client().subscribed()
    assert client.ask(ENDPOINT, drop=("a",)) == []
    assert client.publish(ENDPOINTS) == []
    assert shape(client.ask(ENDPOINT, "a")) == [(ENDPOINT, ["a"], [])], "and it can come back"


def test_unsubscribing_from_a_name_that_was_never_asked_for_is_ignored() -> None:
    client = Client().subscribed()
    assert client.ask(ENDPOINT, drop=("never",)) == []
    assert client.ask(CLUSTER, drop=("never",)) == []


def test_a_silent_wildcard_lasts_although_names_are_asked_for() -> None:
    client = Client()
    client.take(client.ask(CLUSTER))
    client.take(client.ask(CLUSTER, "a"))
    (response,) = client.publish(TWO)
    assert shape([response]) == [(CLUSTER, ["b"], [])]


def test_a_silent_wildcard_ends_when_the_asterisk_is_unsubscribed_from() -> None:
    client = Client(TWO)
    client.take(client.ask(CLUSTER))
    client.take(client.ask(CLUSTER, "a"))
    assert client.ask(CLUSTER, drop=("*",)) == []
    assert client.publish(snapshot(mesh("a=1", "b=1", "c=1"))) == []


def test_a_name_that_is_dropped_while_everything_is_asked_for_is_sent_or_told_removed() -> None:
    client = Client()
    client.take(client.ask(CLUSTER, "*", "a", "x"))
    (response,) = client.ask(CLUSTER, drop=("a", "x"))
    assert shape([response]) == [(CLUSTER, ["a"], ["x"])]


def test_who_asks_for_everything_and_drops_it_at_once_asks_for_nothing() -> None:
    client = Client()
    assert client.ask(CLUSTER, "*", drop=("*",)) == []
    assert client.publish(TWO) == []


def test_everything_asked_for_by_an_asterisk_again_is_all_sent_again() -> None:
    client = Client(TWO)
    client.take(client.ask(CLUSTER, "*"))
    assert shape(client.ask(CLUSTER, "*")) == [(CLUSTER, ["a", "b"], [])]


def test_a_silent_wildcard_that_is_written_later_changes_nothing() -> None:
    client = Client(TWO)
    client.take(client.ask(CLUSTER))
    assert client.ask(CLUSTER, "*") == []


def test_a_type_that_nobody_serves_is_told_removed_and_the_stream_goes_on() -> None:
    client = Client().subscribed()
    assert shape(client.ask(STRANGE, "rtds")) == [(STRANGE, [], ["rtds"])]
    assert shape(client.publish(WEIGHTS)) == [(ROUTE, ["routes"], [])]


def test_types_that_nobody_serves_are_bounded() -> None:
    client = Client()
    asked = [client.ask(TypeUrl(f"type.example/{n}"), "x") for n in range(MAX_UNSERVED_TYPES + 5)]
    assert sum(map(len, asked)) == MAX_UNSERVED_TYPES


# ---- ACK, NACK, nonces ---------------------------------------------------------------------------


def test_an_ack_is_known_by_its_nonce_and_never_answered() -> None:
    client = Client()
    (response,) = client.ask(CLUSTER)
    assert client.ask(CLUSTER, to=response) == []
    assert client.answer == Ack(CLUSTER, ONE[CLUSTER].version)


def test_a_request_without_a_nonce_answers_nothing() -> None:
    client = Client(TWO)
    client.ask(ENDPOINT, "a")
    client.ask(ENDPOINT, "b")
    assert client.answer is None


def test_a_stale_nonce_answers_nothing_but_what_it_says_of_names_counts() -> None:
    client = Client(TWO)
    (response,) = client.ask(ENDPOINT, "a")
    assert client.ask(ENDPOINT, "b", nonce="0", error="no") == []
    assert client.answer is None
    assert shape(client.ask(ENDPOINT, to=response)) == [(ENDPOINT, ["b"], [])]


def test_a_request_may_refuse_and_change_the_names_at_once() -> None:
    client = Client(TWO)
    (response,) = client.ask(ENDPOINT, "a")
    assert shape(client.ask(ENDPOINT, "b", to=response, error="no")) == [(ENDPOINT, ["b"], [])]
    assert isinstance(client.answer, Nack)
    assert client.answer.names == ("a",)


def test_what_was_refused_is_not_sent_again_until_its_content_changes() -> None:
    client = Client()
    (response,) = client.ask(ENDPOINT, "a")
    assert client.ask(ENDPOINT, to=response, error="no") == []
    assert client.wait(60) == []
    assert client.publish(WEIGHTS) == []
    assert shape(client.publish(ENDPOINTS)) == [(ENDPOINT, ["a"], [])]


def test_one_bad_resource_among_good_ones_is_found_and_the_good_ones_get_through() -> None:
    good = [*"abcdefgh"]
    client = Client(snapshot(mesh(*(f"{name}=1" for name in [*good, "bad"]))))
    taken: set[str] = set()
    waiting = client.ask(CLUSTER)
    for _ in range(30):
        if not waiting:
            break
        (response,) = waiting
        names = told(response).resources
        bad = "bad" in names
        taken |= set() if bad else names.keys()
        waiting = client.ask(CLUSTER, to=response, error="no" if bad else None)
    assert taken == set(good)
    assert client.wait(60) == []
    assert not client.session.state.in_sync


def test_a_removal_that_was_refused_with_others_is_told_again() -> None:
    client = Client(TWO)
    (response,) = client.ask(ENDPOINT, "a", "x")
    (again,) = client.ask(ENDPOINT, to=response, error="no")
    assert shape([again]) == [(ENDPOINT, [], ["x"])]


def test_what_was_refused_beside_a_removal_goes_again_when_that_is_refused_alone() -> None:
    client = Client(TWO)
    (response,) = client.ask(ENDPOINT, "a", "x")
    (removal,) = client.ask(ENDPOINT, to=response, error="not without x")
    (good,) = client.ask(ENDPOINT, to=removal, error="not without x")
    assert shape([good]) == [(ENDPOINT, ["a"], [])]
    (again,) = client.take([good])
    assert shape([again]) == [(ENDPOINT, [], ["x"])]
    assert client.ask(ENDPOINT, to=again, error="not without x") == []
    assert client.session.state.stuck_on == (ENDPOINT,)


def test_a_removal_that_was_refused_alone_is_not_told_again_until_it_is_asked_for() -> None:
    client = Client(TWO)
    (response,) = client.ask(ENDPOINT, "x")
    assert client.ask(ENDPOINT, to=response, error="no") == []
    assert shape(client.ask(ENDPOINT, "x")) == [(ENDPOINT, [], ["x"])]


def test_who_refuses_a_removal_is_not_there_and_holds_up_nothing_and_is_told_with_what_is_new() -> (
    None
):
    client = Client(TWO).subscribed()
    client.take(client.ask(ENDPOINT, "b"))
    client.take(client.publish(ONE))
    assert client.session.state.in_sync
    removal, endpoints = client.wait(3)
    assert shape([removal]) == [(CLUSTER, [], ["b"])]
    client.take([endpoints])
    assert client.ask(CLUSTER, to=removal, error="no") == []
    assert isinstance(client.answer, Nack)
    assert client.answer.names == ("b",)
    assert not client.session.state.in_sync
    assert client.session.state.stuck_on == (CLUSTER,)
    # Whatever comes later comes all the same, and does not make it arrive.
    (routes,) = client.publish(WEIGHTS)
    assert shape([routes]) == [(ROUTE, ["routes"], [])]
    assert client.take([routes]) == []
    assert client.wait(10) == []
    assert client.session.state.stuck_on == (CLUSTER,)
    clusters, *_ = client.publish(snapshot(mesh("a=1", "c=1")))
    assert shape([clusters]) == [(CLUSTER, ["c"], [])]
    again, *routes = client.take([clusters])
    assert shape([again]) == [(CLUSTER, [], ["b"])]
    client.take([again])
    client.take(client.wait(1))
    assert not client.session.state.stuck_on


def test_a_removal_that_is_refused_is_over_when_the_client_asks_for_it_no_more_or_it_is_there() -> (
    None
):
    for asks_on in (True, False):
        client = Client(TWO)
        (response,) = client.ask(ENDPOINT, "x")
        client.ask(ENDPOINT, to=response, error="no")
        assert client.session.state.stuck_on == (ENDPOINT,)
        if asks_on:
            client.take(client.publish(snapshot(mesh("a=1", "x=1"))))
        else:
            client.ask(ENDPOINT, drop=("x",))
        assert client.session.state.in_sync


def test_a_removal_of_a_type_that_nobody_serves_is_not_told_again_when_it_is_refused() -> None:
    client = Client(TWO)
    (response,) = client.ask(STRANGE, "x")
    assert client.ask(STRANGE, to=response, error="no") == []


def test_at_most_one_response_of_a_type_is_unanswered_and_the_latest_wins() -> None:
    client = Client().subscribed()
    (first,) = client.publish(WEIGHTS)
    assert client.publish(snapshot(mesh("a=3"))) == []
    assert client.publish(snapshot(mesh("a=4"))) == []
    (last,) = client.take([first])
    assert last.version == snapshot(mesh("a=4"))[ROUTE].version


def test_content_that_returns_to_what_was_acknowledged_while_another_was_under_way_is_sent() -> (
    None
):
    client = Client().subscribed()
    (first,) = client.publish(WEIGHTS)
    client.publish(ONE)
    (last,) = client.take([first])
    assert last.version == ONE[ROUTE].version


def test_a_nonce_is_never_empty_and_unique_across_the_types_of_a_stream() -> None:
    client = Client()
    nonces = [client.ask(t, *n)[0].nonce for t, *n in ((CLUSTER,), (ENDPOINT, "a"), (LISTENER,))]
    assert "" not in nonces
    assert len(set(nonces)) == 3


def test_a_nonce_of_an_earlier_stream_on_a_first_request_starts_a_stream_and_is_not_stale() -> None:
    client = Client()
    assert shape(client.ask(CLUSTER, nonce="17")) == [(CLUSTER, ["a"], [])]
    assert client.answer is None


def test_a_change_that_was_not_written_is_dropped_when_its_name_is_no_longer_asked_for() -> None:
    client = Client(TWO)
    (first,) = client.ask(ENDPOINT, "a", "b")
    client.publish(snapshot(mesh("a=1", "b=1", endpoint_port=82)))
    assert shape(client.ask(ENDPOINT, drop=("b",), to=first)) == [(ENDPOINT, ["a"], [])]


# ---- order ---------------------------------------------------------------------------------------


def test_listeners_go_before_routes_and_routes_wait_for_their_ack() -> None:
    client = Client().subscribed()
    (listeners,) = client.publish(snapshot(mesh("a=2", stat="other")))
    assert shape([listeners]) == [(LISTENER, ["egress"], [])]
    assert shape(client.take([listeners])) == [(ROUTE, ["routes"], [])]


def test_a_stage_waits_for_an_ack_for_a_bounded_time() -> None:
    client = Client().subscribed()
    client.publish(OTHER)
    assert client.wait(4.9) == []
    assert shape(client.wait(0.2)) == [(ROUTE, ["routes"], [])]


def test_clusters_are_not_removed_before_an_ack_however_long_it_takes() -> None:
    client = Client().subscribed()
    (clusters,) = client.publish(OTHER)
    client.wait(6)
    assert client.wait(600) == []
    assert client.ask(CLUSTER, to=clusters) == []


def test_nothing_is_removed_while_clusters_are_unacknowledged() -> None:
    client = Client().subscribed()
    clusters = client.publish(OTHER)
    client.take(client.ask(ENDPOINT, "b"))
    client.take(client.take(clusters))
    assert client.session.state.in_sync, "what is left over goes in a while"
    slow = {**mesh("b=1"), CLUSTER: (shop_xds.eds_cluster("b", connect_s=3),)}
    warming, endpoints = client.publish(snapshot(slow))
    assert client.take([endpoints]) == []
    assert client.wait(4.9) == []
    removed, *_ = client.take([warming])
    assert shape([removed]) == [(CLUSTER, [], ["a"])]


def test_types_that_the_client_does_not_ask_for_hold_up_nothing() -> None:
    client = Client()
    client.take(client.ask(ROUTE, "routes"))
    assert shape(client.publish(OTHER)) == [(ROUTE, ["routes"], [])]


def test_new_clusters_come_first_then_routes_and_the_old_ones_are_removed_last() -> None:
    client = Client().subscribed()
    (clusters,) = client.publish(OTHER)
    assert shape([clusters]) == [(CLUSTER, ["b"], [])]
    (endpoints,) = client.ask(ENDPOINT, "b")
    assert shape([endpoints]) == [(ENDPOINT, ["b"], [])]
    assert client.take([endpoints]) == []
    (routes,) = client.take([clusters])
    assert shape([routes]) == [(ROUTE, ["routes"], [])]
    assert client.take([routes]) == []
    assert client.ask(ENDPOINT, drop=("a",)) == []
    assert shape(client.wait(2)) == [(CLUSTER, [], ["a"])]


def test_endpoints_that_a_drained_listener_needs_stay_when_only_others_change() -> None:
    client = Client().subscribed()
    renamed = mesh("b=1", routes_name="renamed")
    (cluster,) = client.publish(snapshot(renamed))
    (endpoints,) = client.ask(ENDPOINT, "b")
    listeners = client.take([cluster, endpoints])
    gone = client.take(listeners)
    assert shape(gone) == [(ROUTE, [], ["routes"])]
    assert client.take(gone) == []
    assert client.take(client.ask(ROUTE, "renamed")) == []
    assert client.wait(60) == []
    moved = snapshot(mesh("b=1", routes_name="renamed", endpoint_port=81))
    assert shape(client.publish(moved)) == [(ENDPOINT, ["b"], [])]


def test_a_changed_cluster_is_followed_by_its_endpoints_although_they_did_not_change() -> None:
    slow = {**mesh("a=1"), CLUSTER: (shop_xds.eds_cluster("a", connect_s=3),)}
    client = Client().subscribed()
    assert shape(client.publish(snapshot(slow))) == [(CLUSTER, ["a"], []), (ENDPOINT, ["a"], [])]


def test_a_stage_that_is_refused_stops_those_after_it_until_there_is_other_content() -> None:
    client = Client().subscribed()
    (clusters,) = client.publish(OTHER)
    assert client.ask(CLUSTER, to=clusters, error="no") == []
    assert client.wait(60) == [], "no route may name what is not there"
    (without,) = client.publish(WEIGHTS)
    assert shape([without]) == [(CLUSTER, [], ["b"])]
    assert shape(client.take([without])) == [(ROUTE, ["routes"], [])]


# ---- resource errors (xRFC TP3) ------------------------------------------------------------------


def test_who_understands_errors_is_told_by_one_that_a_name_is_no_resource_once() -> None:
    client = Client(errors=True)
    (response,) = client.ask(ENDPOINT, "a", "x")
    assert told(response) == Told(ENDPOINT, versions(ONE, ENDPOINT), [], ["x"])
    (error,) = DeltaDiscoveryResponse.parse(response.body).resource_errors
    assert error.error_detail is not None
    assert error.error_detail.code == 5, "NOT_FOUND"
    assert client.ask(ENDPOINT, to=response) == []
    assert shape(client.publish(WEIGHTS)) == []


def test_an_asterisk_is_no_name_that_could_be_missing() -> None:
    (response,) = Client(NOTHING, errors=True).ask(CLUSTER, "*")
    assert told(response) == Told(CLUSTER)


# ---- what else a delta client may do -------------------------------------------------------------


def test_a_cluster_may_be_asked_for_by_name_when_a_request_needs_it() -> None:
    client = Client(TWO)
    asked = client.ask(CLUSTER, "b")
    assert shape(asked) == [(CLUSTER, ["b"], [])]
    client.take(asked)
    assert shape(client.ask(CLUSTER, "nobody")) == [(CLUSTER, [], ["nobody"])]


def test_a_name_of_another_naming_scheme_is_told_to_be_nothing_of_ours() -> None:
    name = "xdstp://other/envoy.config.cluster.v3.Cluster/*"
    assert shape(Client().ask(CLUSTER, name)) == [(CLUSTER, [], [name])]


def test_endpoints_that_are_asked_for_before_clusters_are_answered_at_once() -> None:
    assert shape(Client().ask(ENDPOINT, "a")) == [(ENDPOINT, ["a"], [])]


def test_a_client_whose_node_does_not_exist_yet_is_held_and_served_when_it_does() -> None:
    client = Client(None)
    assert client.ask(CLUSTER) == []
    assert shape(client.publish(ONE)) == [(CLUSTER, ["a"], [])]


def test_a_client_that_does_not_answer_in_time_is_sent_the_latest_all_the_same() -> None:
    client = Client().subscribed()
    client.publish(WEIGHTS)
    assert client.publish(snapshot(mesh("a=3"))) == []
    assert shape(client.wait(5)) == [(ROUTE, ["routes"], [])]


def test_no_resource_has_a_time_to_live_so_nothing_needs_a_heartbeat() -> None:
    client = Client().subscribed()
    assert client.session.wake_at is None
    assert client.wait(86_400) == []
