"""A server that is killed while it writes loses no answered call, and carries out none twice."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from events.encoding.codec import decode
from events.opening import open_for_reading
from events.types import Chain, CommitApplied
from gitmesh.queries.log_location import log_path
from tests.api.conftest import serve
from tests.support.command_line import gitmesh
from tests.support.git import git
from tests.support.server import Server

CLIENTS = 4
BASE = "/v20190125/meshes/shop/virtualRouters"
SPEC = {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}
TRAILERS = ("Client-Token", "Invocation-Id")


@dataclass(frozen=True)
class Sent:
    """A call with the id by which it is known when it is sent again."""

    method: str
    path: str
    id: str
    body: str = ""

    def headers(self) -> dict[str, str]:
        return {"amz-sdk-invocation-id": self.id} if self.method == "DELETE" else {}


@dataclass
class Client:
    """Creates and deletes routers in turn. What was not answered is sent again."""

    number: int
    answered: list[Sent] = field(default_factory=list)
    retried: int = 0
    wrong: list[str] = field(default_factory=list)
    _open: Sent | None = None

    def calls(self) -> Iterator[Sent]:
        for at in range(1_000_000):
            name = f"r{self.number}-{at}"
            token = f"create-{name}"
            body = {"virtualRouterName": name, "spec": SPEC, "clientToken": token}
            yield Sent("PUT", BASE, token, json.dumps(body))
            yield Sent("DELETE", f"{BASE}/{name}", f"delete-{name}")

    def __post_init__(self) -> None:
        self._calls = self.calls()

    def run(self, host: str, gone: threading.Event) -> None:
        """Call until the server is gone."""
        while not gone.is_set() and not self.wrong:
            connection = http.client.HTTPConnection(host, timeout=60)
            try:
                while not self.wrong:
                    self._one(connection)
            except (OSError, http.client.HTTPException):
                gone.wait(0.02)  # it is killed, or does not listen yet
            finally:
                connection.close()

    def _one(self, connection: http.client.HTTPConnection) -> None:
        if self._open is None:
            self._open = next(self._calls)
        else:
            self.retried += 1
        call = self._open
        connection.request(call.method, call.path, call.body, call.headers())
        response = connection.getresponse()
        text = response.read().decode()
        if response.status == 503:
            return  # the same call may work a moment later
        if response.status != 200:
            self.wrong.append(f"{call} {response.status} {text}")
            return
        self.answered.append(call)
        self._open = None


def kill_while_writing(folder: Path, kills: int) -> None:
    served = serve(folder, "--http-anonymous")
    chance = random.Random(kills)
    clients = [Client(number) for number in range(CLIENTS)]
    server, host = served.server, urlsplit(served.url).netloc
    for kill in range(kills):
        gone = threading.Event()
        threads = [
            threading.Thread(target=each.run, args=(host, gone), daemon=True) for each in clients
        ]
        with server:
            before = sum(len(each.answered) for each in clients)
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 60
            while sum(len(each.answered) for each in clients) == before:
                assert time.monotonic() < deadline, "nothing is answered"
                assert not any(each.wrong for each in clients), [each.wrong for each in clients]
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.3))
            server.process.kill()
            server.process.wait()
            gone.set()
        for thread in threads:
            thread.join()
        assert not any(each.wrong for each in clients), [each.wrong for each in clients]
        server = Server(
            served.bare, "--http", "127.0.0.1:0", "--http-anonymous", name=f"serve{kill}"
        )
        host = str(server.wait_for("serving the API")["listen"])
    with server:
        server.wait_for("ready")
        tip = git(served.bare, "rev-parse", "main")
        with open_for_reading(log_path(served.bare)) as log:
            server.wait_until(lambda: log.is_logged(tip))  # type: ignore[arg-type]
    check(served.bare, clients)
    assert sum(each.retried for each in clients) >= kills, "few calls were cut off"


def check(bare: Path, clients: list[Client]) -> None:
    """Check that git and the log have each answered call once, and no call twice."""
    git(bare, "fsck", "--strict", "--no-dangling")
    assert gitmesh("verify", bare).code == 0
    with open_for_reading(log_path(bare)) as log:
        events = [decode(record) for record in log.read(Chain.MESH)]
    applied = [event.facts for event in events if isinstance(event, CommitApplied)]
    history = git(bare, "rev-list", "--first-parent", "--reverse", "main").split()
    assert [facts.commit for facts in applied] == history
    ids = Counter(
        dict(f.trailers)[name] for f in applied for name in TRAILERS if name in dict(f.trailers)
    )
    assert max(ids.values()) == 1, "a call was carried out twice"
    answered = {call.id for each in clients for call in each.answered}
    assert answered <= ids.keys(), "an answered call is lost"
    # A call that was never answered may have been carried out, but nothing else may.
    assert len(ids) <= len(answered) + CLIENTS
    for commit in history[1:]:
        files = git(bare, "diff-tree", "--no-commit-id", "--name-only", "-r", commit).splitlines()
        assert len(files) == 1, "a call changes one file"


@pytest.mark.slow
def test_killed_ten_times_the_server_has_each_answered_call_once(tmp_path: Path) -> None:
    kill_while_writing(tmp_path, 10)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_killed_a_hundred_times_the_server_has_each_answered_call_once(tmp_path: Path) -> None:
    kill_while_writing(tmp_path, 100)
