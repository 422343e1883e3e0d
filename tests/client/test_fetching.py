"""Reading a foreign App Mesh API: its pages, its refusals, and servers that are none."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gitmesh.cli import exit_codes
from gitmesh.client import endpoint as endpoints
from gitmesh.client.app_mesh import fetch
from gitmesh.client.endpoint import Endpoint
from mesh.errors import Retryable, UsageError
from mesh.keys import ResourceKey
from tests.client.answering import Told, answering
from tests.support.command_line import gitmesh

ARN = "arn:aws:appmesh:eu-west-1:123456789012:mesh/"
AWAY = {"HOME": "/nonexistent", "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": ""}


def told(body: object, status: int = 200, error: str = "") -> Told:
    headers: Mapping[str, str] = {"x-amzn-ErrorType": error} if error else {}
    return status, headers, json.dumps(body).encode()


def account(path: str, _: int) -> Told:
    """Answer as an account with 3 meshes in 2 pages, one of them shared, one deleted just now."""
    asked, names = parse_qs(urlsplit(path).query), urlsplit(path).path.split("/")[2:]
    owner = "123456789012"
    if names == ["tags"]:
        tags = [{"key": "team", "value": "shop"}] if asked["resourceArn"] == [f"{ARN}a"] else []
        return told({"tags": tags})
    if names == ["meshes"]:
        page = ["c"] if "nextToken" in asked else ["a", "b"]
        owners = {"a": owner, "b": "999999999999", "c": owner}
        items = [{"meshName": n, "arn": f"{ARN}{n}", "meshOwner": owners[n]} for n in page]
        return told({"meshes": items, **({} if page == ["c"] else {"nextToken": "2/+="})})
    if names[1] == "b" and asked.get("meshOwner") != ["999999999999"]:
        return told({"message": "not yours"}, 403, "ForbiddenException")
    if names[1] == "c":
        return told({"message": "gone"}, 404, "NotFoundException")
    if len(names) == 2:
        about = {"createdAt": 1.5, "version": 1}
        return told({"meshName": names[1], "spec": {}, "metadata": about})
    return told({names[2]: []})


def test_pages_owners_and_tags_are_followed_and_what_is_gone_is_left_out() -> None:
    with answering(account) as server, Endpoint(server.url) as endpoint:
        found = fetch(endpoint)
    a, b = ResourceKey.of_mesh("a"), ResourceKey.of_mesh("b")
    assert list(found.documents) == [a, b]
    assert found.documents[a] == {"meshName": "a", "spec": {}}
    assert found.tags == {a: [{"key": "team", "value": "shop"}]}


def test_tags_are_written_into_the_documents(tmp_path: Path) -> None:
    with answering(account) as server:
        done = gitmesh("import", "--from-api", server.url, tmp_path, "--mesh", "a", **AWAY)
    assert done.code == exit_codes.OK, done
    text = (tmp_path / "a" / "mesh.yaml").read_text()
    assert text == "kind: Mesh\nmeshName: a\ntags:\n  - key: team\n    value: shop\nspec: {}\n"
    assert gitmesh("validate", tmp_path).code == exit_codes.OK


def test_a_throttled_call_and_a_broken_connection_are_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused: list[float] = []
    monkeypatch.setattr("time.sleep", paused.append)
    early = [
        told({"message": "slow down"}, 400, "ThrottlingException"),
        (429, {"x-amzn-ErrorType": "TooManyRequestsException", "Retry-After": "3"}, b"{}"),
        (200, {"Content-Length": "100", "Connection": "close"}, b"cut off"),
        (503, {}, b"<html>"),
    ]

    def answer(path: str, number: int) -> Told:
        return early[number - 1] if number <= len(early) else told({"meshes": []})

    with answering(answer) as server, Endpoint(server.url) as endpoint:
        assert fetch(endpoint).documents == {}
    assert len(server.asked) == 5
    assert paused == [0.2, 3.0, 6.0, 10.0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (told({"hello": "world"}), "does not answer like an App Mesh API"),
        ((200, {}, b"<html>"), "does not answer like an App Mesh API"),
        ((200, {}, b"[" * 100_000), "does not answer like an App Mesh API"),
        ((404, {}, b"not here"), "does not answer like an App Mesh API"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "does not answer like an App Mesh API"),
        (told({"meshes": [{"meshName": "a"}]}), "does not answer like an App Mesh API"),
        (told({"meshes": [], "nextToken": "again"}), "do not end"),
        ((200, {}, b"x" * (endpoints.MOST_BYTES + 1)), "answers more than 16 MiB"),
        (told({"message": "No."}, 403, "AccessDeniedException"), "refuses ListMeshes: No."),
        (told({"message": "No."}, 400, "InvalidSignatureException"), "refuses ListMeshes: No."),
    ],
)
def test_what_is_no_app_mesh_api_ends_with_a_remedy(answer: Told, words: str) -> None:
    with (
        answering(lambda *_: answer) as server,
        Endpoint(server.url) as endpoint,
        pytest.raises(UsageError, match=words) as error,
    ):
        fetch(endpoint)
    assert error.value.hint


def test_nobody_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with Endpoint("http://127.0.0.1:1") as endpoint, pytest.raises(Retryable) as error:
        fetch(endpoint)
    assert "cannot be reached: Connection refused" in error.value.message
    assert "gitmesh serve --http" in error.value.hint


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--from-api", "127.0.0.1:18080"], {}, "is not the URL of a server"),
        (["--from-api", "ftp://127.0.0.1"], {}, "is not the URL of a server"),
        (["--from-api", "http://me:secret@127.0.0.1"], {}, "is not the URL of a server"),
        (["--from-api", "https://appmesh.eu-west-1.amazonaws.com"], {}, "no credentials"),
        (["--from-api", "http://127.0.0.1:1", "a.yaml", "b.yaml"], {}, "takes no files"),
        (["--from-api", "http://127.0.0.1:1"], {"AWS_ACCESS_KEY_ID": "AKID"}, "is not"),
        (["--from-api", "http://127.0.0.1:1"], {"AWS_PROFILE": "none"}, "has no key"),
        (["--from-api", "http://127.0.0.1:1"], {"AWS_CA_BUNDLE": "/none"}, "cannot be reached"),
        (["--from-api", "https://127.0.0.1:1"], {"AWS_CA_BUNDLE": "/none"}, "/none"),
    ],
)
def test_wrong_use_is_told_before_anything_is_asked(
    arguments: list[str], environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    done = gitmesh("import", *arguments, "--to", tmp_path, **{**AWAY, **environment})
    assert done.code in (exit_codes.USAGE, exit_codes.UNAVAILABLE)
    assert words in done.err
    assert "hint: " in done.err
