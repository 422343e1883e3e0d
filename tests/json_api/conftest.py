"""A server of the sample shop and of another mesh, and clients of its JSON API."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gitmesh.client.connecting import aws_signer
from gitmesh.client.endpoint import Endpoint
from gitmesh.client.server_api import ServerApi
from gitmesh.client.signing import AwsCredentials
from tests.api.conftest import KEY, READER, READER_SECRET, SECRET, Served, serve

PART, PART_SECRET = "AKIDTENANT", "a-third-secret-for-one-tenant-only"
MORE = f"""
[[role]]
name = "tenant"
write = ["mesh/other"]

[[credential]]
access_key_id = "{PART}"
secret_access_key = "{PART_SECRET}"
name = "Tess"
role = "tenant"
"""
SECRETS = {KEY: SECRET, READER: READER_SECRET, PART: PART_SECRET}

Ask = Callable[[str], ServerApi]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("json"), more_credentials=MORE)
    with found.server:
        yield found


@pytest.fixture(scope="module")
def ask(served: Served) -> Iterator[Ask]:
    """Return what makes a client with a key."""
    with ExitStack() as opened:
        yield lambda key: opened.enter_context(ServerApi(endpoint(served.url, key)))


@pytest.fixture(scope="module")
def api(ask: Ask) -> ServerApi:
    """Return a client that may do everything, with another mesh than the shop made."""
    made = ask(KEY)
    document = {"kind": "Mesh", "meshName": "other", "spec": {}}
    made.post("/changes", {"apply": [document]})
    return made


def endpoint(url: str, key: str = KEY) -> Endpoint:
    return Endpoint(url, aws_signer(AwsCredentials(key, SECRETS[key]), "eu-west-1"))
