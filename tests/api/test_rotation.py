"""Backup, restore and rotation of secrets, as docs/operations.md describes them, while serving."""

import shlex
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gitmesh.queries.log_location import log_path
from reconciler.git.checkpoint_ref import REF
from tests.api.conftest import ACCOUNT, KEY, SECRET, Served, serve
from tests.support.command_line import gitmesh
from tests.support.git import git
from tests.support.server import Server

OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def run(folder: Path, line: str) -> None:
    """Run a line of the page in a folder."""
    assert line in OPERATIONS, line
    subprocess.run(shlex.split(line), cwd=folder, check=True)


def refused(client: Any) -> str:
    with pytest.raises(ClientError) as error:
        client.list_meshes()
    return str(error.value.response["Error"]["Code"])


def test_credentials_are_rotated_without_a_failed_call(tmp_path: Path) -> None:
    served = serve(tmp_path)
    file = tmp_path / "credentials.toml"
    with served.server:
        run(tmp_path, "install -m 600 credentials.toml backup.toml")
        failed: list[str] = []
        done = threading.Event()

        def call() -> None:
            client = served.client(attempts=1)
            while not done.is_set():
                try:
                    client.list_meshes()
                except ClientError as error:
                    failed.append(str(error))

        caller = threading.Thread(target=call)
        caller.start()
        made = gitmesh("credential", "rotate", file, KEY, "--json").json()
        new = served.client(made["id"], made["secret"])
        for _ in range(20):
            assert new.list_meshes()["meshes"]
        done.set()
        caller.join()
        assert failed == []
        leaked = gitmesh("credential", "rotate", file, made["id"], "--overlap", "0s", "--json")
        assert refused(new) == "UnrecognizedClientException"
        last = served.client(leaked.json()["id"], leaked.json()["secret"])
        assert last.list_meshes()["meshes"]
        # A restore brings back what was valid then, and nothing else.
        run(tmp_path, "install -m 600 backup.toml credentials.toml")
        assert served.client().list_meshes()["meshes"]
        assert refused(last) == "UnrecognizedClientException"


def test_a_server_is_restored_with_its_log_keys_and_credentials(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    key = first / "shop.key"
    assert gitmesh("keygen", key, "--name", "shop.example").code == 0
    served = serve(first, "--checkpoint-key", str(key))
    with served.server:
        served.client().create_mesh(meshName="kept")
        described = served.client().describe_mesh(meshName="kept")["mesh"]
        assert served.server.stop(signal.SIGTERM) == 0
    assert gitmesh("backup", second / "log.sqlite3", served.bare).code == 0
    git(first, "clone", "--quiet", "--mirror", str(served.bare), str(second / "shop.git"))
    for name in ("credentials.toml", "shop.key", "shop.key.pub"):
        shutil.copy(first / name, second / name)
    bare = second / "shop.git"
    log_path(bare).parent.mkdir(exist_ok=True)
    (second / "log.sqlite3").rename(log_path(bare))

    # The restored server signs with a new key, beside which the old one is named.
    assert gitmesh("keygen", second / "new.key", "--name", "shop.example").code == 0
    public = second / "new.key.pub"
    public.write_text(public.read_text() + (second / "shop.key.pub").read_text())
    again = Server(
        bare, "--http", "127.0.0.1:0", "--account-id", ACCOUNT, "--region", "eu-west-1",
        "--http-credentials", str(second / "credentials.toml"),
        "--checkpoint-key", str(second / "new.key"),
    )  # fmt: skip
    with again:
        again.wait_for("ready")
        url = f"http://{again.wait_for('serving the API')['listen']}"
        client = Served(bare, again, url).client(KEY, SECRET)
        assert client.describe_mesh(meshName="kept")["mesh"] == described
        client.create_mesh(meshName="new")
        assert again.stop(signal.SIGTERM) == 0
    assert git(bare, "rev-parse", REF)
    verified = gitmesh("verify", bare, "--key", public)
    assert verified.code == 0, verified.out
