"""Health, readiness and metrics: what they say is so, and what the page says of them, too."""

import asyncio
import json
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.opening import open_for_reading, open_for_writing
from events.types import SourceDegraded
from gitmesh.api.monitoring.metrics import LABELS
from gitmesh.api.monitoring.page import page
from gitmesh.api.monitoring.readiness import readiness
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from tests.api.conftest import READER_TOKEN, TOKEN, Served, serve
from tests.support.ads_client import AdsClient
from tests.support.git import put
from tests.support.sample_shop import sample_files
from xds.type_urls import CLUSTER

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("monitoring"))
    with found.server:
        yield found


def fetch(served: Served, path: str, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{served.url}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def samples(served: Served, token: str = TOKEN) -> Samples:
    status, text = fetch(served, "/metrics", token)
    assert status == 200, text
    found: Samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            matched = _SAMPLE.fullmatch(line)
            assert matched is not None, line
            labels = re.findall(r'(\w+)="([^"]*)"', matched[2] or "")
            found[matched[1], frozenset(labels)] = float(matched[3])
    return found


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def test_the_page_is_that_of_the_metrics() -> None:
    assert PAGE.read_text() == page(), "run: make golden"


def test_what_is_served_is_what_the_page_names_with_the_labels_it_names(served: Served) -> None:
    served.client().list_meshes()
    rows = dict(re.findall(r"^\| `(\w+)` \| \w+ \| (.*?) \|", PAGE.read_text(), re.MULTILINE))
    seen = set()
    for name, labels in samples(served):
        family = name if name in rows else re.sub("_(bucket|sum|count)$", "", name)
        assert family in rows, name
        told = set(re.findall(r"`(\w+)`", rows[family]))
        assert {label for label, _ in labels} - {"le"} == told, name
        seen.add(family)
    assert len(seen) > 20
    assert {name.removesuffix("_total").removesuffix("_info") for name in rows} >= LABELS.keys() - {
        "python_info"
    }


def test_health_and_readiness_need_no_credential_and_metrics_do(served: Served) -> None:
    assert fetch(served, "/healthz") == (200, '{"status":"ok"}')
    status, body = fetch(served, "/readyz")
    assert (status, json.loads(body)) == (200, {"ready": True, "reasons": [], "degraded": []})
    status, body = fetch(served, "/metrics")
    assert (status, "gitmesh_" in body) == (403, False)
    assert fetch(served, "/metrics", TOKEN + "0")[0] == 403


def test_commits_and_requests_count(served: Served) -> None:
    before = samples(served)
    put(served.bare, sample_files(shares(20)), minute=2)
    served.server.wait_for("commit applied", seq=21)
    served.client().describe_mesh(meshName="shop")
    put(served.bare, {"shop/a.yaml": b"kind: Mesh\nmeshName: 7\nspec: {x: 1}\n"}, minute=3)
    served.server.wait_for("commit rejected")
    after = samples(served)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("gitmesh_reconcile_commits_total", result="applied") == 1
    assert grown("gitmesh_reconcile_commits_total", result="rejected") == 1
    assert grown("gitmesh_reconcile_resource_changes_total", event="TrafficShifted") == 1
    assert grown("gitmesh_xds_pushes_total") >= 1
    assert grown("gitmesh_api_requests_total", operation="DescribeMesh", status="200") == 1
    assert value(after, "gitmesh_problems", severity="error") >= 1
    assert value(before, "gitmesh_problems", severity="error") == 0
    assert value(after, "gitmesh_log_events", chain="mesh") >= 22
    assert grown("gitmesh_api_request_seconds_count", operation="DescribeMesh") == 1


def test_connections_and_the_size_of_the_log_are_gauges(served: Served) -> None:
    host, port = served.url.removeprefix("http://").rsplit(":", 1)
    before = value(samples(served), "gitmesh_api_connections")
    with socket.create_connection((host, int(port)), timeout=30):
        served.server.wait_until(
            lambda: value(samples(served), "gitmesh_api_connections") == before + 1
        )
    served.server.wait_until(lambda: value(samples(served), "gitmesh_api_connections") == before)
    log = log_path(served.bare)
    size = value(samples(served), "gitmesh_log_bytes")
    assert log.stat().st_size <= size <= log.stat().st_size + 64 * 1024 * 1024


def test_a_caller_sees_the_proxies_of_their_own_meshes_alone(served: Served) -> None:
    def connected() -> float:
        return value(samples(served), "gitmesh_xds_connected_proxies", mesh="shop")

    async def visit() -> None:
        port = int(served.server.address.rpartition(":")[2])
        async with AdsClient(port, "mesh/shop/virtualNode/web") as proxy:
            await proxy.subscribe(CLUSTER)
            await asyncio.to_thread(served.server.wait_until, lambda: connected() == 1)
            assert await asyncio.to_thread(samples, served, READER_TOKEN) == {}

    asyncio.run(visit())
    served.server.wait_until(lambda: connected() == 0)
    assert value(samples(served), "gitmesh_xds_connects_total") >= 1


def test_a_degraded_server_is_ready_and_one_that_begins_is_not(tmp_path: Path) -> None:
    where = tmp_path / "log.sqlite3"
    with open_for_writing(where) as log, open_for_reading(where) as reading:
        assert readiness(reading, lambda: False, lambda: False).reasons == (
            "starting",
            "reading-the-branch",
        )
        assert readiness(reading, lambda: True, lambda: False).ready is False
        assert readiness(reading, lambda: True, lambda: True).ready is True
        log.append_observed([SourceDegraded("branch-missing", "the branch main of shop is gone")])
        found = readiness(reading, lambda: True, lambda: True)
        assert (found.ready, found.degraded) == (True, ("branch-missing",))
