"""Resources that a client claims to hold from an earlier stream: kept, within limits."""

import gc

import pytest

from mesh.keys import Kind, ResourceKey
from xds.protocol.session import Session
from xds.protocol.shared_session import SharedStates
from xds.protocol.subscription import weight
from xds.server.limits.admission import Admission, LimitReached
from xds.server.settings import AdsSettings
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import build_snapshot
from xds.type_urls import CLUSTER, ENDPOINT, ROUTE
from xds.wire.decode import MAX_NAME, decode_delta_request, decode_request
from xds.wire.fields import DecodeError
from xds.wire.varint import delimited as field

HONEST = 10_000


def claim(type_url: str, count: int, version: bytes = b"v") -> bytes:
    """Return a first delta request of a client that claims to hold so many resources."""
    entries = (
        field(5, field(1, b"%s-%x" % (type_url[-5:].encode(), i)) + field(2, version))
        for i in range(count)
    )
    return field(2, type_url.encode()) + b"".join(entries)


def told(session: Session, data: bytes, now: float = 0.0) -> list[bytes]:
    """Let a session take a request; return the bodies of its responses."""
    session.on_request(decode_delta_request(data), now)
    bodies = []
    while (response := session.next_response(now)) is not None:
        bodies.append(response.body)
    return bodies


def session_of(pool: Pool, shared_states: SharedStates) -> Session:
    session = Session(pool, shared_states=shared_states)
    session.alike = True
    session.on_snapshot(build_snapshot(pool, {}), 0.0)
    return session


def test_what_clients_claim_is_kept_no_longer_than_they_stay() -> None:
    pool, shared_states = Pool(), SharedStates()
    for version in (b"a", b"b", b"c"):
        session = session_of(pool, shared_states)
        for type_url in (CLUSTER, ENDPOINT, ROUTE):
            told(session, claim(type_url, 1000, version))
        assert session.state.claims == 3000
        session.close(10.0)
        del session
    shared_states.forget(20.0)
    gc.collect()
    assert not pool._unknown


def test_those_who_claim_the_same_share_what_is_kept() -> None:
    pool, shared_states = Pool(), SharedStates()
    sessions = [session_of(pool, shared_states) for _ in range(3)]
    for number, session in enumerate(sessions):
        told(session, claim(CLUSTER, 1000, b"%d" % number))
    assert len(pool._unknown) == 1000


def test_a_client_with_ten_thousand_resources_that_nobody_knows_is_let_in_and_served() -> None:
    settings = AdsSettings()
    admitted = Admission(settings, 0.0).open(None, 0.0)
    session = session_of(Pool(), SharedStates())
    bodies = [told(session, claim(each, HONEST), now=9.0) for each in (CLUSTER, ENDPOINT)]
    admitted.claims(session.state.claims)
    assert session.state.claims == 2 * HONEST
    gone = b"".join(body for each in bodies for body in each) + b"".join(
        told(session, field(2, ROUTE.encode()), now=30.0)
    )
    assert gone


def test_one_stream_may_claim_so_much_and_all_together_so_much() -> None:
    settings = AdsSettings(max_claims=10, max_claims_of_all=15)
    admission = Admission(settings, 0.0)
    one, two = admission.open(None, 0.0), admission.open(None, 0.0)
    with pytest.raises(LimitReached, match="may claim 10 unknown resources"):
        one.claims(11)
    one.claims(10)
    with pytest.raises(LimitReached, match="retry"):
        two.claims(10)
    one.claims(0)  # It has all that it is to have.
    two.claims(10)
    two.close()
    one.claims(10)
    assert admission.claims == 10


def test_a_long_name_counts_as_several_and_one_that_nobody_has_is_refused() -> None:
    assert weight(["a" * 127]) == 1
    assert weight(["a" * 128, "b"]) == 3
    long = b"n" * (MAX_NAME + 1)
    for data, decode in (
        (field(3, long), decode_request),
        (field(4, long), decode_request),
        (field(3, long), decode_delta_request),
        (field(2, long), decode_delta_request),
        (field(5, field(1, long)), decode_delta_request),
    ):
        with pytest.raises(DecodeError, match="a name may have 2,048 bytes, not 2,049"):
            decode(data)
    key = ResourceKey.of(Kind.VIRTUAL_NODE, "m" * 255, "n" * 255)
    assert len(str(key)) < MAX_NAME


def test_of_versions_and_nonces_no_more_is_read_than_ours_have() -> None:
    plain = decode_request(field(1, b"9" * 5000) + field(5, b"1" * 5000))
    assert (len(plain.version), len(plain.nonce)) == (64, 64)
    delta = decode_delta_request(field(5, field(1, b"a") + field(2, b"9" * 5000)))
    assert len(delta.initial_versions["a"]) == 64


def test_names_that_no_resource_has_are_not_remembered_for_others() -> None:
    pool = Pool()
    resources = build_snapshot(pool, {})[CLUSTER]
    names = tuple(sorted(f"made-up-{i}" for i in range(1000)))
    assert resources.view(names).missing == names
    assert resources.body((), names)
    assert resources.delta_body((), names)
    memos = (resources._views, resources._bodies, resources._delta_bodies)
    assert memos == ({}, {}, {})
