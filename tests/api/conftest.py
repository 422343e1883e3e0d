"""A server that answers the API, and clients for it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from gitmesh.demo.sample import sample_repo
from tests.support.git import Repo, put
from tests.support.sample_shop import sample_files
from tests.support.server import Server

KEY, SECRET = "AKIDWRITER", "a-secret-that-only-the-test-knows"
TOKEN = f"gitmesh_tokwriter_{'0123456789abcdef' * 4}"
READER_TOKEN = f"gitmesh_tokreader_{'fedcba9876543210' * 4}"
READER, READER_SECRET = "AKIDREADER", "another-secret-that-only-reads"
ACCOUNT = "123456789012"
CREDENTIALS = f"""\
[[credential]]
access_key_id = "{KEY}"
secret_access_key = "{SECRET}"
name = "Ada"
email = "ada@shop.example"
role = "write"

[[credential]]
access_key_id = "{READER}"
secret_access_key = "{READER_SECRET}"
name = "Rob"
role = "read"
meshes = ["other"]

[[token]]
token_id = "tokwriter"
token_sha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}"
name = "Tom"
role = "write"

[[token]]
token_id = "tokreader"
token_sha256 = "{hashlib.sha256(READER_TOKEN.encode()).hexdigest()}"
name = "Tess"
role = "read"
meshes = ["other"]
"""


@dataclass
class Served:
    """A repository whose mesh is the sample shop, and the server that answers for it."""

    bare: Path
    server: Server
    url: str

    def client(
        self, key: str = KEY, secret: str = SECRET, attempts: int = 1, *, check: bool = True
    ) -> Any:
        """Return a client; it checks the parameters of a call itself, unless told otherwise."""
        return boto3.client(
            "appmesh",
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                retries={"total_max_attempts": attempts, "mode": "standard"},
                parameter_validation=check,
            ),
        )


def serve(
    folder: Path,
    *options: str,
    files: Mapping[str, str] | None = None,
    more_credentials: str = "",
    account: str = ACCOUNT,
) -> Served:
    """Serve the sample shop with other files beside it, or in place of some of its own."""
    assert sample_repo().is_dir()
    bare = Repo(folder).origin
    put(bare, {**sample_files(), **(files or {})})
    credentials = folder / "credentials.toml"
    credentials.write_text(CREDENTIALS + more_credentials)
    credentials.chmod(0o600)
    known: tuple[str, ...] = (
        ("--http-credentials", str(credentials)) if "--http-anonymous" not in options else ()
    )
    known += ("--account-id", account) if account else ()
    server = Server(bare, "--http", "127.0.0.1:0", "--region", "eu-west-1", *known, *options)
    try:
        server.wait_for("ready")
        return Served(bare, server, f"http://{server.wait_for('serving the API')['listen']}")
    except BaseException:
        server.__exit__()
        raise


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve one repository to all tests of a module."""
    found = serve(tmp_path_factory.mktemp("api"))
    with found.server:
        yield found


@pytest.fixture(scope="module")
def client(served: Served) -> Any:
    """Return a client that may write."""
    return served.client()
