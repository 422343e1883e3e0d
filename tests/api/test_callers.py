"""Callers prove who they are by a signature or a token; every refusal is logged, no secret is."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gitmesh.access.credential_file import CredentialFile
from gitmesh.api.callers import Callers
from gitmesh.api.errors import ApiError
from gitmesh.api.signature import SignedRequest
from tests.api.conftest import CREDENTIALS, SECRET, TOKEN, Served, serve
from tests.support.command_line import gitmesh
from tests.support.git import git

MESHES = "/v20190125/meshes"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("callers"))
    with found.server:
        yield found


def call(served: Served, token: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    host = served.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    text = None if body is None else json.dumps(body)
    with contextlib.closing(connection):
        connection.request(method, MESHES, text, {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, json.load(answer)


def test_a_token_is_its_owner(served: Served) -> None:
    status, body = call(served, TOKEN)
    assert (status, [mesh["meshName"] for mesh in body["meshes"]]) == (200, ["shop"])
    assert call(served, TOKEN, "PUT", {"meshName": "by-token"})[0] == 200
    assert (
        git(served.bare, "log", "-1", "--format=%an <%ae>", "main") == "Tom <tokwriter@localhost>"
    )


@pytest.mark.parametrize(
    "token",
    ["", "x", SECRET, TOKEN[:-1] + "0", TOKEN.replace("tokwriter", "tokother"), f"{TOKEN} x",
     "gitmesh_tokwriter_", "gitmesh_AKIDWRITER_" + "0" * 64],
)  # fmt: skip
def test_a_wrong_token_is_nobody(served: Served, token: str) -> None:
    status, body = call(served, token)
    assert (status, "invalid" in body["message"] or "not signed" in body["message"]) == (403, True)


def test_refusals_are_logged_and_secrets_are_not(served: Served) -> None:
    wrong = TOKEN[:-6] + "badbad"
    assert call(served, wrong)[0] == 403
    with pytest.raises(ClientError, match="InvalidSignature"):
        served.client(secret="not the secret at all").list_meshes()
    with pytest.raises(ClientError, match="Forbidden"):
        served.client("AKIDREADER", "another-secret-that-only-reads").delete_mesh(meshName="other")
    refused = [line for line in served.server.lines() if line["message"] == "call refused"]
    told = [(line["identity"], line["error"], line["operation"]) for line in refused]
    assert ("tokwriter", "UnrecognizedClientException", "-") in told
    assert ("AKIDWRITER", "InvalidSignatureException", "-") in told
    assert ("AKIDREADER", "ForbiddenException", "DeleteMesh") in told
    assert all(line["client"] == "127.0.0.1" for line in refused)
    everything = json.dumps(served.server.lines())
    for secret in (TOKEN, wrong, TOKEN.rpartition("_")[2], SECRET, "not the secret"):
        assert secret not in everything


def test_a_token_needs_a_private_connection(tmp_path: Path) -> None:
    path = tmp_path / "credentials.toml"
    path.write_text(CREDENTIALS)
    path.chmod(0o600)
    request = SignedRequest("GET", MESHES, "", [("authorization", f"Bearer {TOKEN}")], b"")
    now = datetime.now(UTC)
    assert (
        Callers(CredentialFile(path), anonymous=False).caller(request, now).identity == "tokwriter"
    )
    with pytest.raises(ApiError, match="TLS"):
        Callers(CredentialFile(path), anonymous=False, private=False).caller(request, now)


def test_a_file_that_changes_is_used_at_once_and_one_that_breaks_is_not(tmp_path: Path) -> None:
    served = serve(tmp_path)
    file = tmp_path / "credentials.toml"
    with served.server:
        made = gitmesh(
            "credential", "add", file, "--name", "New", "--role", "write", "--json"
        ).json()
        client = served.client(made["id"], made["secret"])
        client.create_mesh(meshName="new")
        gitmesh("credential", "revoke", file, made["id"])
        with pytest.raises(ClientError, match="UnrecognizedClient"):
            client.list_meshes()
        file.chmod(0o644)
        assert len(served.client().list_meshes()["meshes"]) == 2
        told = served.server.wait_for("the credential file is unusable; the last valid one is used")
        assert "can be read by other users" in str(told["reason"])
