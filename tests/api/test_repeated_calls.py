"""A call that is sent again, because its answer was lost, is carried out once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Served, serve
from tests.support.git import git
from tests.support.server import Server

ROUTER = {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}


def commits(served: Served) -> int:
    return int(git(served.bare, "rev-list", "--count", "main"))


def create(client: Any, name: str, token: str, spec: Any = ROUTER) -> Any:
    return client.create_virtual_router(
        meshName="shop", virtualRouterName=name, spec=spec, clientToken=token
    )["virtualRouter"]


def as_attempt(client: Any, invocation: str) -> Any:
    """Return a client all of whose calls are attempts of one invocation."""

    def name(context: dict[str, Any], **_: Any) -> None:
        context.setdefault("retries", {})["invocation-id"] = invocation

    client.meta.events.register("before-call.app-mesh", name)
    return client


def test_a_token_makes_one_commit_however_often_it_comes(client: Any, served: Served) -> None:
    before = commits(served)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: create(client, "once", "token-once"), range(8)))
    assert commits(served) == before + 1
    assert all(answer == answers[0] for answer in answers)
    for other in ("else", "once"):
        spec = ROUTER if other == "else" else {"listeners": []}
        with pytest.raises(ClientError, match="ConflictException"):
            create(client, other, "token-once", spec)
    assert commits(served) == before + 1


def test_an_attempt_to_delete_what_the_one_before_deleted_has_its_answer(served: Served) -> None:
    create(served.client(), "gone", "token-gone")
    names = {"meshName": "shop", "virtualRouterName": "gone"}
    attempt = as_attempt(served.client(), "0b6e3d1c-5f0d-4a4e-8d8e-1f3b7c6a9d10")
    first = attempt.delete_virtual_router(**names)["virtualRouter"]
    second = attempt.delete_virtual_router(**names)["virtualRouter"]
    assert first == second
    assert second["status"] == {"status": "DELETED"}
    with pytest.raises(ClientError, match="NotFoundException"):
        served.client().delete_virtual_router(**names)


def test_a_call_that_changed_nothing_is_known_too(served: Served) -> None:
    client = served.client()
    create(client, "same", "token-same")
    names = {"meshName": "shop", "virtualRouterName": "same"}
    other = {"listeners": [{"portMapping": {"port": 81, "protocol": "http"}}]}
    client.update_virtual_router(**names, spec=ROUTER, clientToken="token-unchanged")
    client.update_virtual_router(**names, spec=other)
    client.update_virtual_router(**names, spec=ROUTER, clientToken="token-unchanged")
    assert client.describe_virtual_router(**names)["virtualRouter"]["spec"] == other
    with pytest.raises(ClientError, match="ConflictException"):
        client.update_virtual_router(**names, spec=other, clientToken="token-unchanged")


def test_tokens_are_known_after_a_restart(tmp_path: Path) -> None:
    served = serve(tmp_path)
    with served.server:
        made = create(served.client(), "kept", "token-kept")
        served.server.stop()
    before = commits(served)
    again = Server(
        served.bare, "--http", "127.0.0.1:0", "--account-id", "123456789012", "--region",
        "eu-west-1", "--http-credentials", str(tmp_path / "credentials.toml"), name="again",
    )  # fmt: skip
    with again:
        again.wait_for("ready")
        url = f"http://{again.wait_for('serving the API')['listen']}"
        client = Served(served.bare, again, url).client()
        assert create(client, "kept", "token-kept") == made
        with pytest.raises(ClientError, match="ConflictException"):
            create(client, "other", "token-kept")
    assert commits(served) == before


def test_the_token_of_one_caller_is_none_of_anothers(tmp_path: Path) -> None:
    other = (
        '[[credential]]\naccess_key_id = "AKIDOTHER"\nsecret_access_key = "a-secret-of-another"\n'
        'name = "Otto"\nemail = "otto@shop.example"\nrole = "write"\n'
    )
    served = serve(tmp_path, more_credentials=other)
    with served.server:
        create(served.client(), "hers", "the-same-token")
        create(served.client("AKIDOTHER", "a-secret-of-another"), "his", "the-same-token")
        names = served.client().list_virtual_routers(meshName="shop")["virtualRouters"]
        assert {"hers", "his"} <= {each["virtualRouterName"] for each in names}
