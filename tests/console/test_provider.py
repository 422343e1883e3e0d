"""Sign-in by an OpenID Connect provider."""

from collections.abc import Iterator

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.console.conftest import Served, Visitor, serve
from tests.console.provider import StandInProvider


@pytest.fixture(scope="module")
def provider() -> Iterator[StandInProvider]:
    with StandInProvider() as found:
        yield found


@pytest.fixture(scope="module")
def served(provider: StandInProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("provider")
    users = folder / "users.toml"
    users.write_text(
        f'[oidc]\nissuer = "{provider.issuer}"\nclient_id = "gitmesh"\nclient_secret = "secret"\n'
        '[oidc.groups]\nsre = "write"\nguests = "read"\n'
    )
    users.chmod(0o600)
    found = serve(folder, "--console-users", str(users))
    with found.server:
        yield found


def came_back(visitor: Visitor) -> str:
    """Go to the provider; return the address to which it sends the browser back."""
    left = visitor.post("/sign-in/provider", {"next": "/?at=1"}, token=visitor.token("/sign-in"))
    assert left.status_code == 303, left.text
    return httpx.get(left.headers["location"]).headers["location"]


def test_members_of_a_group_come_in_with_its_role(
    provider: StandInProvider, served: Served
) -> None:
    provider.claims = {"sub": "4711", "name": "Olga", "email": "olga@x.example", "groups": ["sre"]}
    visitor = served.visitor()
    back = came_back(visitor)
    entered = visitor.client.get(back)
    assert (entered.status_code, entered.headers["location"]) == (303, "/?at=1")
    assert "Olga" in visitor.get("/").text
    assert visitor.client.get(back).status_code == 403  # each answer is good for once


@pytest.mark.parametrize("groups", [[], ["others"], "others", None, 7])
def test_who_is_in_no_group_with_a_role_may_not_come_in(
    provider: StandInProvider, served: Served, groups: object
) -> None:
    provider.claims = {"sub": "4712", "name": "Eve", "groups": groups}
    visitor = served.visitor()
    found = visitor.client.get(came_back(visitor))
    assert found.status_code == 403
    assert "none of your groups" in found.text
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [{"aud": "another"}, {"iss": "http://evil.example"}, {"exp": 1}, {"nonce": "of another"}],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    provider: StandInProvider, served: Served, wrong: dict[str, object]
) -> None:
    provider.claims = {"sub": "4711", "name": "Olga", "groups": ["sre"], **wrong}
    visitor = served.visitor()
    assert visitor.client.get(came_back(visitor)).status_code == 403


def test_a_token_of_another_key_is_refused(provider: StandInProvider, served: Served) -> None:
    provider.claims = {"sub": "4711", "name": "Olga", "groups": ["sre"]}
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    try:
        visitor = served.visitor()
        assert visitor.client.get(came_back(visitor)).status_code == 403
    finally:
        provider.signing_key = provider.key


def test_an_answer_belongs_to_the_browser_that_left(
    provider: StandInProvider, served: Served
) -> None:
    provider.claims = {"sub": "4711", "name": "Olga", "groups": ["sre"]}
    attacker, victim = served.visitor(), served.visitor()
    back = came_back(attacker)
    victim.get("/sign-in")
    assert victim.client.get(back).status_code == 403
    assert victim.get("/").status_code == 303
    assert victim.get("/sign-in/back?state=x&code=y").status_code == 403
