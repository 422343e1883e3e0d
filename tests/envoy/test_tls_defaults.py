"""TLS towards all backends of a node or a gateway, and at a gateway's own listeners."""

import http.client
import ssl
from collections.abc import Iterator

import pytest

from tests.support.apps import ask
from tests.support.certificates import Certificate
from tests.support.tls_defaults_town import (
    DOORS,
    ENTRANCE,
    POLICIES,
    PORTS,
    Town,
    running_town,
)
from tests.support.tls_town import handshake, request

pytestmark = pytest.mark.envoy

REFUSED = 503
ANSWERS = {
    # What the listeners say that take TLS alone, that ask for a certificate, and that take none.
    "trusting": (200, REFUSED, REFUSED),
    "distrusting": (REFUSED, REFUSED, REFUSED),
    "named": (200, REFUSED, REFUSED),
    "misnamed": (REFUSED, REFUSED, REFUSED),
    "willing": (200, REFUSED, 200),
    "elsewhere": (REFUSED, REFUSED, 200),
    "showing": (200, 200, REFUSED),
    "showing-other": (200, REFUSED, REFUSED),
    "sds": (200, 200, REFUSED),
    "sds-distrusting": (REFUSED, REFUSED, REFUSED),
    "acm": (200, REFUSED, REFUSED),
    "acm-distrusting": (REFUSED, REFUSED, REFUSED),
}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("defaults")) as town:
        yield town


@pytest.mark.parametrize("kind", ["node", "gateway"])
@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_policy_for_all_backends_does(town: Town, policy: str, kind: str) -> None:
    if kind == "node":
        egress = town.callers[policy].egress
        found = [ask(egress, port, "/", host=f"{name}.local") for name, port in PORTS.items()]
    else:
        ingress = town.gateways[policy].ingress
        found = [ask(ingress, ENTRANCE, f"/{name}", host="x") for name in PORTS]
    assert tuple(each.status for each in found) == ANSWERS[policy]


def knock(town: Town, door: str, name: str = "") -> int:
    folder = town.authority.folder
    shown = Certificate(folder / f"{name}.pem", folder / f"{name}.key") if name else None
    try:
        return request(handshake(town.authority, town.doors.ingress, DOORS[door], shown))
    except (ssl.SSLError, ConnectionError, http.client.HTTPException):
        return 0


def knock_in_plain_text(town: Town, door: str) -> int:
    try:
        return ask(town.doors.ingress, DOORS[door], "/").status
    except (ConnectionError, http.client.HTTPException):
        return 0


@pytest.mark.parametrize(
    ("mode", "encrypted", "plain"),
    [("strict", 200, 0), ("permissive", 200, 200), ("disabled", 0, 200)],
)
def test_a_gateway_takes_tls_plain_text_or_both(
    town: Town, mode: str, encrypted: int, plain: int
) -> None:
    assert (knock(town, mode), knock_in_plain_text(town, mode)) == (encrypted, plain)


@pytest.mark.parametrize(
    ("door", "name", "status"),
    [
        ("sds", "", 200),
        ("acm", "", 200),
        ("mutual", "", 0),
        ("mutual", "web", 200),
        ("mutual", "other", 0),
        ("mutual-sds", "", 0),
        ("mutual-sds", "web", 200),
        ("mutual-sds", "forged", 0),
    ],
)
def test_a_gateway_shows_its_certificate_and_asks_for_one(
    town: Town, door: str, name: str, status: int
) -> None:
    town.stranger.issue("forged", "web.local")
    assert knock(town, door, name) == status
