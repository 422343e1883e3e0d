"""Rules of the state-of-the-world protocol, one test each, on the session alone."""

from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryResponse

from tests.support import shop_xds
from tests.support.proxy_model import Contents
from tests.support.shop_xds import Translation, mesh
from xds.protocol.response import MAX_RESPONSE_BYTES, Ack, Answer, Nack, Response
from xds.protocol.session import Session
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import Snapshot, build_snapshot
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, TypeUrl
from xds.wire.decode import DiscoveryRequest, ErrorDetail

POOL = Pool()
CONTENTS = Contents()


def snapshot(translation: Translation) -> Snapshot:
    built = build_snapshot(POOL, translation)
    for resources in built.sets.values():
        CONTENTS.learn(resources)
    return built


ONE = snapshot(mesh("a=1"))
TWO = snapshot(mesh("a=1", "b=1"))
WEIGHTS = snapshot(mesh("a=2"))
OTHER = snapshot(mesh("b=1"))
ENDPOINTS = snapshot(mesh("a=1", endpoint_port=81))


class Client:
    """Speaks to a session, and says exactly what a test wants to say."""

    def __init__(
        self,
        first: Snapshot | None = ONE,
        *,
        ack_wait: float = 5,
        linger: float = 2,
        errors: bool = False,
    ) -> None:
        self.now = 100.0
        self.session = Session(POOL, ack_wait=ack_wait, linger=linger)
        if errors:
            self.session.tell_errors()
        self.answer: Answer | None = None
        if first is not None:
            self.session.on_snapshot(first, self.now)

    def ask(
        self,
        type_url: TypeUrl,
        *names: str,
        to: Response | None = None,
        nonce: str = "",
        version: str = "",
        error: str | None = None,
    ) -> list[Response]:
        """Send a request, as an answer to a response when one is given."""
        if to is not None:
            nonce, version = to.nonce, version or to.version
        detail = None if error is None else ErrorDetail(3, error)
        request = DiscoveryRequest(type_url, version, names, nonce, detail)
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
        """Return what the session sends now."""
        responses = []
        while (response := self.session.next_response(self.now)) is not None:
            responses.append(response)
        return responses

    def subscribe_to_all(self) -> "Client":
        """Ask for everything as Envoy does, and acknowledge it."""
        for type_url, *names in ((CLUSTER,), (ENDPOINT, "a"), (LISTENER,), (ROUTE, "routes")):
            (response,) = self.ask(TypeUrl(type_url), *names)
            assert self.ask(TypeUrl(type_url), *names, to=response) == []
        assert self.session.state.in_sync
        return self


def shape(responses: list[Response]) -> list[tuple[TypeUrl, list[str]]]:
    return [(r.type_url, [each.name for each in CONTENTS.of(r)]) for r in responses]


# ---- streams, nonces, versions (xDS protocol: "ACK/NACK and resource type instance version") -----


def test_the_first_request_of_a_type_is_answered_with_the_types_version() -> None:
    (response,) = Client().ask(CLUSTER)
    assert shape([response]) == [(CLUSTER, ["a"])]
    assert response.version == ONE[CLUSTER].version


def test_a_nonce_is_never_empty_and_unique_across_the_types_of_a_stream() -> None:
    client = Client()
    nonces = [client.ask(t, *n)[0].nonce for t, *n in ((CLUSTER,), (ENDPOINT, "a"), (LISTENER,))]
    assert "" not in nonces
    assert len(set(nonces)) == 3


def test_a_nonce_of_an_earlier_stream_on_a_first_request_starts_a_stream_and_is_not_stale() -> None:
    assert shape(Client().ask(CLUSTER, nonce="17")) == [(CLUSTER, ["a"])]


def test_an_ack_is_never_answered() -> None:
    client = Client()
    (response,) = client.ask(CLUSTER)
    assert client.ask(CLUSTER, to=response) == []
    assert client.answer == Ack(CLUSTER, response.version)


def test_a_stale_nonce_is_ignored_even_when_it_carries_an_error_or_names() -> None:
    client = Client().subscribe_to_all()
    (first,) = client.publish(ENDPOINTS)
    assert client.ask(ENDPOINT, "a", "b", nonce="0", error="no") == []
    assert client.answer is None
    client.ask(ENDPOINT, "a", to=first)
    assert client.answer == Ack(ENDPOINT, first.version)


def test_a_nack_is_told_by_its_error_and_not_by_its_version() -> None:
    client = Client()
    (response,) = client.ask(CLUSTER)
    client.ask(CLUSTER, to=response, version=response.version, error="no")
    assert isinstance(client.answer, Nack)
    assert client.answer.detail == ErrorDetail(3, "no")
    assert client.answer.names == ("a",)
    assert client.answer.version == response.version


def test_what_was_refused_is_not_sent_again_until_its_content_changes() -> None:
    client = Client()
    (response,) = client.ask(CLUSTER)
    assert client.ask(CLUSTER, to=response, error="no") == []
    assert client.wait(60) == []
    assert client.publish(WEIGHTS) == [], "the clusters are what they were"
    assert shape(client.publish(OTHER)) == [(CLUSTER, ["b"])]


def test_content_that_returns_to_what_was_accepted_is_sent_after_a_refusal() -> None:
    client = Client().subscribe_to_all()
    (bad,) = client.publish(WEIGHTS)
    client.ask(ROUTE, "routes", to=bad, error="no")
    (good,) = client.publish(ONE)
    assert shape([good]) == [(ROUTE, ["routes"])]
    client.ask(ROUTE, "routes", to=good)
    assert client.session.state.in_sync


def test_content_that_was_refused_gone_and_is_back_is_offered_once_more() -> None:
    client = Client()
    (first,) = client.ask(ENDPOINT, "a")
    client.ask(ENDPOINT, "a", to=first, error="no")
    client.publish(OTHER)
    (again,) = client.publish(ONE)
    client.ask(ENDPOINT, "a", to=again)
    assert client.session.state.in_sync


def test_a_request_may_refuse_and_change_the_subscription_at_once() -> None:
    client = Client(TWO)
    (response,) = client.ask(ENDPOINT, "a")
    assert shape(client.ask(ENDPOINT, "a", "b", to=response, error="no")) == [(ENDPOINT, ["b"])]
    assert isinstance(client.answer, Nack)


def test_one_bad_resource_among_good_ones_is_found_and_the_good_ones_get_through() -> None:
    names = "abcde"
    client = Client(snapshot(mesh(*(f"{name}=1" for name in names))))
    (response,) = client.ask(ENDPOINT, *names)
    waiting, rounds = [response], 0
    accepted: set[str] = set()
    while waiting:
        rounds += 1
        (response,) = waiting
        held = [each.name for each in CONTENTS.of(response)]
        bad = "d" in held
        accepted.update(() if bad else held)
        waiting = client.ask(ENDPOINT, *names, to=response, error="no" if bad else None)
    assert accepted == set("abce")
    assert rounds < 8
    assert client.wait(60) == []


def test_a_type_that_nobody_serves_leaves_the_stream_open_and_unanswered() -> None:
    client = Client()
    assert client.ask(TypeUrl("type.googleapis.com/envoy.service.runtime.v3.Runtime")) == []
    assert shape(client.ask(CLUSTER)) == [(CLUSTER, ["a"])]


def test_only_types_whose_subscribed_resources_changed_are_sent() -> None:
    client = Client().subscribe_to_all()
    assert shape(client.publish(WEIGHTS)) == [(ROUTE, ["routes"])]


def test_equal_content_is_not_sent_again() -> None:
    client = Client().subscribe_to_all()
    assert client.publish(snapshot(mesh("a=1"))) == []
    assert client.session.state.in_sync


def test_a_client_whose_node_does_not_exist_yet_is_held_and_served_when_it_does() -> None:
    client = Client(None)
    assert client.ask(CLUSTER) == []
    assert client.ask(LISTENER) == []
    assert shape(client.publish(ONE)) == [(CLUSTER, ["a"]), (LISTENER, ["egress"])]


# ---- reconnecting --------------------------------------------------------------------------------


def test_a_wildcard_client_that_comes_back_with_the_current_version_is_sent_nothing() -> None:
    client = Client()
    assert client.ask(CLUSTER, version=ONE[CLUSTER].version) == []
    assert client.ask(LISTENER, version=ONE[LISTENER].version) == []
    assert client.session.state.in_sync
    assert shape(client.publish(OTHER)) == [(CLUSTER, ["a", "b"])]


def test_named_resources_are_sent_to_a_client_that_comes_back_even_if_it_is_current() -> None:
    client = Client()
    assert shape(client.ask(ENDPOINT, "a", version=ONE[ENDPOINT].version)) == [(ENDPOINT, ["a"])]
    assert shape(client.ask(ROUTE, "routes", version=ONE[ROUTE].version)) == []
    client.ask(CLUSTER, version=ONE[CLUSTER].version)
    assert shape(client.ask(ENDPOINT, "a", nonce="1")) == [(ROUTE, ["routes"])]


def test_a_named_client_that_comes_back_with_the_current_version_is_answered_in_full() -> None:
    client = Client()
    assert shape(client.ask(CLUSTER, "a", version=ONE[CLUSTER].version)) == [(CLUSTER, ["a"])]


def test_endpoints_that_are_asked_for_before_clusters_are_answered_at_once() -> None:
    client = Client()
    assert shape(client.ask(ENDPOINT, "a", version="old")) == [(ENDPOINT, ["a"])]


def test_a_client_that_comes_back_keeps_its_old_clusters_until_it_has_left_them() -> None:
    client = Client(OTHER)
    (union,) = client.ask(CLUSTER, version=ONE[CLUSTER].version)
    assert shape([union]) == [(CLUSTER, ["a", "b"])]
    assert client.ask(LISTENER, version="old") == [], "listeners wait until clusters are warm"
    (listeners,) = client.ask(CLUSTER, to=union)
    assert listeners.type_url == LISTENER
    client.ask(LISTENER, to=listeners)
    assert shape(client.wait(2)) == [(CLUSTER, ["b"])]


def test_what_a_client_that_comes_back_has_stays_while_it_still_asks_for_the_rest() -> None:
    client = Client(OTHER)
    (union,) = client.ask(CLUSTER, version=ONE[CLUSTER].version)
    assert client.ask(CLUSTER, to=union) == []
    client.wait(1)
    assert len(client.ask(LISTENER, version="old")) == 1
    assert client.wait(4) == []


def test_a_client_that_comes_back_and_names_something_before_it_is_answered_is_answered() -> None:
    client = Client(None)
    client.ask(CLUSTER, version=ONE[CLUSTER].version)
    client.ask(CLUSTER, "*", "a")
    assert shape(client.publish(ONE)) == [(CLUSTER, ["a"])]


# ---- subscriptions (xDS protocol: "How the client specifies what resources to return") -----------


def test_the_specifications_sequence_of_wildcards_and_names_means_what_it_says() -> None:
    client = Client(TWO)
    (first,) = client.ask(CLUSTER)
    assert shape([first]) == [(CLUSTER, ["a", "b"])]
    (second,) = client.ask(CLUSTER, "*", "a", to=first)
    assert shape([second]) == [(CLUSTER, ["a", "b"])], "a is asked for anew, so all is sent again"
    assert client.ask(CLUSTER, "a", to=second) == [], "fewer is no reason to send"
    third = snapshot(mesh("a=1", "b=1", endpoint_port=81))
    assert client.publish(third) == []
    only_a = snapshot({**mesh("a=1"), CLUSTER: (shop_xds.eds_cluster("a", connect_s=9),)})
    (fourth,) = client.publish(only_a)
    assert shape([fourth]) == [(CLUSTER, ["a"])]
    assert client.ask(CLUSTER, to=fourth) == [], "naming nothing after names unsubscribes"
    assert client.publish(TWO) == []


def test_an_empty_first_request_means_everything_for_clusters_and_listeners_only() -> None:
    client = Client()
    assert client.ask(ROUTE) == []
    assert client.ask(ENDPOINT) == []
    assert shape(client.ask(LISTENER)) == [(LISTENER, ["egress"])]
    assert shape(client.ask(ROUTE, "routes")) == [(ROUTE, ["routes"])]


def test_everything_of_any_type_is_sent_to_who_asks_for_it_by_an_asterisk() -> None:
    assert shape(Client(TWO).ask(ENDPOINT, "*")) == [(ENDPOINT, ["a", "b"])]


def test_a_wildcard_is_answered_even_when_there_is_nothing() -> None:
    empty = snapshot({})
    assert shape(Client(empty).ask(CLUSTER)) == [(CLUSTER, [])]
    assert shape(Client(empty).ask(LISTENER)) == [(LISTENER, [])]


def test_named_clusters_are_always_sent_whole_because_absence_deletes() -> None:
    client = Client(TWO)
    (first,) = client.ask(CLUSTER, "a", "b", "nowhere")
    assert shape([first]) == [(CLUSTER, ["a", "b"])]
    client.ask(CLUSTER, "a", "b", "nowhere", to=first)
    changed = snapshot(
        {**mesh("a=1", "b=1"), CLUSTER: (shop_xds.eds_cluster("a"), shop_xds.static_cluster("b"))}
    )
    assert shape(client.publish(changed)) == [(CLUSTER, ["a", "b"])]


def test_of_endpoints_only_those_that_changed_are_sent() -> None:
    client = Client(TWO)
    (first,) = client.ask(ENDPOINT, "a", "b")
    client.ask(ENDPOINT, "a", "b", to=first)
    changed = {
        **mesh("a=1", "b=1"),
        ENDPOINT: (shop_xds.assignment("a", 80), shop_xds.assignment("b", 99)),
    }
    assert shape(client.publish(snapshot(changed))) == [(ENDPOINT, ["b"])]


def test_missing_names_are_remembered_in_silence_and_sent_when_they_exist() -> None:
    client = Client()
    assert client.ask(ENDPOINT, "b") == []
    assert shape(client.publish(TWO)) == [(ENDPOINT, ["b"])]


def test_endpoints_that_are_gone_are_no_reason_to_send_anything() -> None:
    client = Client(TWO)
    (first,) = client.ask(ENDPOINT, "a", "b")
    client.ask(ENDPOINT, "a", "b", to=first)
    assert client.publish(ONE) == []
    assert client.session.state.in_sync


def test_a_name_that_is_asked_for_anew_is_sent_again_although_it_did_not_change() -> None:
    client = Client(TWO)
    (first,) = client.ask(ENDPOINT, "a", "b")
    assert client.ask(ENDPOINT, "a", to=first) == []
    (again,) = client.ask(ENDPOINT, "a", "b", nonce=first.nonce)
    assert shape([again]) == [(ENDPOINT, ["b"])]
    assert again.version == first.version
    assert again.nonce != first.nonce


def test_a_change_of_names_with_the_current_nonce_is_honoured_although_no_version_changed() -> None:
    client = Client(TWO).subscribe_to_all()
    assert shape(client.ask(ENDPOINT, "a", "b", nonce="2")) == [(ENDPOINT, ["b"])]


def test_a_name_that_everything_covered_is_sent_again_when_it_is_asked_for() -> None:
    client = Client(TWO)
    (first,) = client.ask(ENDPOINT, "*")
    assert shape(client.ask(ENDPOINT, "*", "a", to=first)) == [(ENDPOINT, ["a"])]


def test_a_name_that_is_given_twice_is_sent_once() -> None:
    assert shape(Client().ask(ENDPOINT, "a", "a")) == [(ENDPOINT, ["a"])]


# ---- flow control --------------------------------------------------------------------------------


def test_at_most_one_response_of_a_type_is_unanswered_and_the_latest_wins() -> None:
    client = Client().subscribe_to_all()
    (first,) = client.publish(ENDPOINTS)
    third = snapshot(mesh("a=1", endpoint_port=82))
    fourth = snapshot(mesh("a=1", endpoint_port=83))
    assert client.publish(third) == []
    assert client.publish(fourth) == []
    (last,) = client.ask(ENDPOINT, "a", to=first)
    assert CONTENTS.of(last) == [fourth[ENDPOINT].by_name["a"]]


def test_a_client_that_does_not_answer_in_time_is_sent_the_latest_all_the_same() -> None:
    client = Client(ack_wait=5).subscribe_to_all()
    client.publish(ENDPOINTS)
    client.publish(snapshot(mesh("a=1", endpoint_port=82)))
    assert client.wait(4.9) == []
    assert shape(client.wait(0.2)) == [(ENDPOINT, ["a"])]


def test_a_response_that_was_not_written_is_dropped_when_its_names_are_no_longer_asked_for() -> (
    None
):
    client = Client(TWO)
    (first,) = client.ask(ENDPOINT, "a", "b")
    client.publish(snapshot(mesh("a=1", "b=1", endpoint_port=82)))
    assert shape(client.ask(ENDPOINT, "a", to=first)) == [(ENDPOINT, ["a"])]


def test_a_response_too_large_for_a_grpc_client_goes_in_parts() -> None:
    names = [f"c{n}" for n in range(4)]
    large = tuple(shop_xds.large_assignment(name) for name in names)
    clusters = tuple(shop_xds.eds_cluster(name) for name in names)
    client = Client(snapshot({CLUSTER: clusters, ENDPOINT: large, LISTENER: (), ROUTE: ()}))
    seen: list[str] = []
    waiting = client.ask(ENDPOINT, *names)
    while waiting:
        (response,) = waiting
        assert len(response.body) < MAX_RESPONSE_BYTES + (1 << 20)
        seen += [each.name for each in CONTENTS.of(response)]
        waiting = client.ask(ENDPOINT, *names, to=response)
    assert seen == names


# ---- order (xDS protocol: "Eventual consistency considerations") ---------------------------------


def test_old_and_new_clusters_come_first_then_routes_then_the_old_ones_go() -> None:
    client = Client().subscribe_to_all()
    (union,) = client.publish(OTHER)
    assert shape([union]) == [(CLUSTER, ["a", "b"])]
    (routes,) = client.ask(CLUSTER, to=union)
    assert routes.type_url == ROUTE
    assert client.ask(ROUTE, "routes", to=routes) == []
    assert client.session.state.in_sync, "what is left over is no longer waited for"
    assert client.wait(1.9) == []
    assert shape(client.wait(0.2)) == [(CLUSTER, ["b"])]


def test_who_refuses_a_removal_is_not_there_and_holds_up_nothing_and_is_told_with_what_is_new() -> (
    None
):
    client = Client().subscribe_to_all()
    (union,) = client.publish(OTHER)
    (routes,) = client.ask(CLUSTER, to=union)
    client.ask(ROUTE, "routes", to=routes)
    (pruned,) = client.wait(3)
    assert shape([pruned]) == [(CLUSTER, ["b"])]
    assert client.ask(CLUSTER, to=pruned, error="too few clusters") == []
    assert not client.session.state.in_sync
    assert client.session.state.stuck_on == (CLUSTER,)
    assert client.wait(10) == [], "it would be refused for ever"
    # Whatever comes later comes all the same, and does not make it arrive.
    (routes,) = client.publish(snapshot(mesh("b=2")))
    assert shape([routes]) == [(ROUTE, ["routes"])]
    assert client.ask(ROUTE, "routes", to=routes) == []
    assert client.session.state.stuck_on == (CLUSTER,)
    (more,) = client.publish(snapshot(mesh("b=2", "c=1")))
    assert shape([more]) == [(CLUSTER, ["b", "c"])]
    (routes,) = client.ask(CLUSTER, to=more)
    client.ask(ROUTE, "routes", to=routes)
    assert client.session.state.in_sync
    assert not client.session.state.stuck_on


def test_listeners_go_before_routes_and_routes_wait_for_their_ack() -> None:
    client = Client().subscribe_to_all()
    new = snapshot(mesh("a=2", stat="other"))
    (listeners,) = client.publish(new)
    assert listeners.type_url == LISTENER
    (routes,) = client.ask(LISTENER, to=listeners)
    assert routes.type_url == ROUTE


def test_endpoints_are_answered_while_clusters_are_unacknowledged_because_they_warm_them() -> None:
    client = Client().subscribe_to_all()
    client.publish(TWO)
    assert shape(client.ask(ENDPOINT, "a", "b", nonce="2")) == [(ENDPOINT, ["b"])]


def test_a_changed_cluster_is_followed_by_its_endpoints_although_they_did_not_change() -> None:
    client = Client().subscribe_to_all()
    changed = {**mesh("a=1"), CLUSTER: (shop_xds.eds_cluster("a", connect_s=7),)}
    assert shape(client.publish(snapshot(changed))) == [(CLUSTER, ["a"]), (ENDPOINT, ["a"])]


def test_a_stage_that_is_refused_stops_those_after_it_until_there_is_other_content() -> None:
    client = Client().subscribe_to_all()
    (union,) = client.publish(OTHER)
    assert client.ask(CLUSTER, to=union, error="no") == []
    assert client.wait(60) == [], "routes to a cluster that was refused are never sent"
    assert not client.session.state.in_sync
    good = {**mesh("b=1"), CLUSTER: (shop_xds.eds_cluster("b", connect_s=3),)}
    fixed, endpoints = client.publish(snapshot(good))
    assert client.ask(CLUSTER, to=fixed) == []
    (routes,) = client.ask(ENDPOINT, "a", to=endpoints)
    assert routes.type_url == ROUTE


def test_refused_endpoints_of_a_cluster_do_not_keep_routes_from_leaving_it() -> None:
    client = Client().subscribe_to_all()
    (bad,) = client.publish(ENDPOINTS)
    assert client.ask(ENDPOINT, "a", to=bad, error="no") == []
    (union,) = client.publish(OTHER)
    (endpoints,) = client.ask(ENDPOINT, "a", "b", nonce=bad.nonce)
    assert shape([endpoints]) == [(ENDPOINT, ["b"])]
    client.ask(ENDPOINT, "a", "b", to=endpoints)
    (routes,) = client.ask(CLUSTER, to=union)
    assert routes.type_url == ROUTE
    client.ask(ROUTE, "routes", to=routes)
    assert client.session.state.in_sync


def test_a_refused_route_leaves_old_and_new_clusters_where_they_are() -> None:
    client = Client().subscribe_to_all()
    (union,) = client.publish(OTHER)
    (routes,) = client.ask(CLUSTER, to=union)
    client.ask(ROUTE, "routes", to=routes, error="no")
    assert client.wait(600) == []


def test_a_stage_waits_for_an_ack_for_a_bounded_time() -> None:
    client = Client(ack_wait=5).subscribe_to_all()
    client.publish(OTHER)
    assert client.wait(4.9) == []
    assert client.session.wake_at == 105.0
    assert [r.type_url for r in client.wait(0.2)] == [ROUTE]


def test_clusters_are_not_removed_before_an_ack_however_long_it_takes() -> None:
    client = Client(ack_wait=5).subscribe_to_all()
    (union,) = client.publish(OTHER)
    client.wait(6)
    assert client.wait(600) == []
    assert client.ask(CLUSTER, to=union) == []


def test_a_snapshot_that_comes_while_another_is_under_way_overtakes_it() -> None:
    client = Client().subscribe_to_all()
    (union,) = client.publish(OTHER)
    third = snapshot(mesh("c=1"))
    assert client.publish(third) == []
    (again,) = client.ask(CLUSTER, to=union)
    assert shape([again]) == [(CLUSTER, ["a", "c"])], "no route has come to need b"
    (routes,) = client.ask(CLUSTER, to=again)
    assert CONTENTS.of(routes) == [third[ROUTE].by_name["routes"]]


def test_types_that_the_client_does_not_ask_for_hold_up_nothing() -> None:
    client = Client()
    (routes,) = client.ask(ROUTE, "routes")
    client.ask(ROUTE, "routes", to=routes)
    assert shape(client.publish(OTHER)) == [(ROUTE, ["routes"])]


def test_clusters_of_routes_that_a_replaced_listener_drains_stay_while_they_are_asked_for() -> None:
    client = Client().subscribe_to_all()
    renamed = snapshot(mesh("b=1", routes_name="renamed"))
    (union,) = client.publish(renamed)
    (listeners,) = client.ask(CLUSTER, to=union)
    assert client.ask(LISTENER, to=listeners) == []
    (routes,) = client.ask(ROUTE, "renamed", "routes", nonce="4")
    client.ask(ROUTE, "renamed", "routes", to=routes)
    assert client.wait(60) == []
    client.ask(ROUTE, "renamed", to=routes)
    assert shape(client.wait(3)) == [(CLUSTER, ["b"])]


def test_a_client_that_asks_for_everything_at_once_is_answered_at_once() -> None:
    client = Client()
    for type_url, *names in ((CLUSTER,), (ENDPOINT, "a"), (LISTENER,), (ROUTE, "routes")):
        assert len(client.ask(TypeUrl(type_url), *names)) == 1


# ---- resource errors (xRFC TP3), for clients that understand them --------------------------------


def missing(response: Response) -> list[str]:
    """Return the names that a response tells to be no resources."""
    full = DiscoveryResponse.parse(response.body)
    for error in full.resource_errors:
        assert error.error_detail is not None
        assert error.error_detail.code == 5, "NOT_FOUND"
    return [error.resource_name.name for error in full.resource_errors if error.resource_name]


def test_who_understands_errors_is_told_once_that_a_name_is_no_resource() -> None:
    client = Client(errors=True)
    (response,) = client.ask(ENDPOINT, "a", "x")
    assert shape([response]) == [(ENDPOINT, ["a"])]
    assert missing(response) == ["x"]
    assert client.ask(ENDPOINT, "a", "x", to=response) == []
    (changed,) = client.publish(ENDPOINTS)
    assert shape([changed]) == [(ENDPOINT, ["a"])]


def test_a_name_that_is_no_resource_is_told_even_if_there_is_nothing_else_to_say() -> None:
    client = Client(errors=True)
    (response,) = client.ask(ROUTE, "x")
    assert (shape([response]), missing(response)) == ([(ROUTE, [])], ["x"])


def test_named_clusters_with_errors_still_list_everything_that_is_there() -> None:
    client = Client(errors=True)
    (response,) = client.ask(CLUSTER, "a", "x")
    assert (shape([response]), missing(response)) == ([(CLUSTER, ["a"])], ["x"])


def test_a_resource_that_ceases_to_exist_is_told_to_who_understands_errors() -> None:
    client = Client(TWO, errors=True, linger=0)
    (response,) = client.ask(ENDPOINT, "a", "b")
    assert client.ask(ENDPOINT, "a", "b", to=response) == []
    client.publish(ONE)
    (gone,) = client.wait(0.1)
    assert (shape([gone]), missing(gone)) == ([(ENDPOINT, [])], ["b"])


def test_who_asks_for_everything_is_told_of_no_errors() -> None:
    (response,) = Client(errors=True).ask(CLUSTER, "*")
    assert missing(response) == []


def test_who_does_not_understand_errors_is_told_of_none() -> None:
    client = Client()
    (response,) = client.ask(CLUSTER, "a", "x")
    assert missing(response) == []


# ---- what is never sent --------------------------------------------------------------------------


def test_no_resource_has_a_time_to_live_so_nothing_needs_a_heartbeat() -> None:
    client = Client().subscribe_to_all()
    assert client.session.wake_at is None
    assert client.wait(86_400) == []
