"""Each operation of the JSON API, beside what the command answers about the same repository."""

from pathlib import Path
from typing import Any

import pytest

from gitmesh.client.server_api import ChangedMeanwhile, ChangeRefused, ServerApi
from gitmesh.json_api.operations import OPERATIONS
from gitmesh.json_api.page import page
from mesh.errors import UsageError
from tests.api.conftest import KEY, Served
from tests.json_api.conftest import endpoint
from tests.support.command_line import gitmesh
from tests.support.git import git

CART = "mesh/shop/virtualRouter/cart"
NODE = {
    "kind": "VirtualNode",
    "meshName": "other",
    "virtualNodeName": "a/b",
    "spec": {"serviceDiscovery": {"dns": {"hostname": "a.local"}}},
}


def command(served: Served, *arguments: object) -> Any:
    return gitmesh(*arguments, "--repo", served.bare, "--json").json()


def test_reads_answer_as_the_commands_do(api: ServerApi, served: Served) -> None:
    assert api.get("/state") == command(served, "state")
    part = api.get("/state", {"resource": CART})["resources"]
    assert part == command(served, "state", CART)["resources"]
    assert api.get("/blame", {"resource": CART}) == command(served, "blame", CART)
    assert api.get("/status") == command(served, "status")
    assert api.get("/proxies") == command(served, "proxies")
    commit = api.get("/state")["commit"]
    assert api.get(f"/commits/{commit}") == command(served, "show", commit)
    lines = gitmesh("log", "--commits", "--repo", served.bare, "--json").json_lines()
    assert api.get("/history", {"limit": "500"})["commits"] == lines
    about = api.get("/history", {"resource": "mesh/other"})["commits"]
    assert [each["author"]["name"] for each in about] == ["Ada"]


def test_traffic_is_that_of_the_command(api: ServerApi, served: Served) -> None:
    ours, theirs = api.get("/traffic", {"since": "10m"}), command(served, "traffic")
    assert ours.keys() == theirs.keys()
    assert (ours["traffic"], ours["reporting"]) == ([], [])
    with pytest.raises(UsageError, match="no virtual service"):
        api.get("/traffic", {"service": "nobody"})
    with pytest.raises(UsageError, match="no proxy has reported traffic"):
        api.get(f"/traffic/{api.get('/state')['commit']}")
    with pytest.raises(UsageError, match="no time"):
        api.get("/traffic", {"since": "soon"})


def test_a_difference_is_that_of_the_command(api: ServerApi, served: Served) -> None:
    first = gitmesh("log", "--commits", "--repo", served.bare, "--json").json_lines()[0]["commit"]
    ours = api.get("/diff", {"before": first})
    theirs = command(served, "diff", first, "main")
    names = [(each["kind"], each["subject"]) for each in ours["changes"]]
    assert names == [(each["kind"], each["subject"]) for each in theirs["changes"]]
    assert ours["blastRadius"] == theirs["blastRadius"]
    assert ours["changes"]


def test_resources_come_in_pages_and_by_name(api: ServerApi) -> None:
    every = [each for page in api.resources({"limit": "7"}) for each in page["resources"]]
    assert len(every) >= 20
    assert [each["resource"] for each in every] == sorted(each["resource"] for each in every)
    assert len(every) == len(api.get("/state")["resources"])
    routes = api.get("/resources", {"kind": "Route", "within": CART})["resources"]
    assert routes
    assert all(each["resource"].startswith(f"{CART}/route/") for each in routes)
    one = api.get(f"/resources/{CART}")
    assert one in every
    assert one["version"] == 1


def test_documents_are_applied_and_deleted_as_one_commit(api: ServerApi, served: Served) -> None:
    before = int(git(served.bare, "rev-list", "--count", "main"))
    tags = [{"key": "team", "value": "a"}]
    body = {"apply": [{**NODE, "tags": tags}], "message": "Add a node\n\nVia: nobody"}
    dry = api.post("/changes", {**body, "dryRun": True})
    assert (dry["commit"], dry["dryRun"]) == (None, True)
    assert int(git(served.bare, "rev-list", "--count", "main")) == before

    made = api.post("/changes", body)
    assert made["changes"] == dry["changes"]
    assert [each["kind"] for each in made["changes"]] == ["ResourceAdded"]
    text = git(served.bare, "log", "-1", "--format=%an %s%n%(trailers:key=Via,valueonly)", "main")
    assert text.splitlines() == ["Ada Add a node Via: nobody", "api"]
    key = made["changes"][0]["subject"]
    assert api.get(f"/resources/{key}")["document"]["spec"] == NODE["spec"]
    assert "team" in git(served.bare, "show", "main")
    again = api.post("/changes", {"apply": [NODE]})
    assert (again["commit"], again["changes"]) == (None, [])

    gone = api.post("/changes", {"delete": [key]})
    assert [each["kind"] for each in gone["changes"]] == ["ResourceRemoved"]
    with pytest.raises(UsageError, match="there is no"):
        api.get(f"/resources/{key}")
    with pytest.raises(UsageError, match="there is no"):
        api.post("/changes", {"delete": [key]})


def test_what_would_break_the_mesh_changes_nothing(api: ServerApi, served: Served) -> None:
    before = git(served.bare, "rev-parse", "main")
    with pytest.raises(ChangeRefused) as refused:
        api.post("/changes", {"delete": ["mesh/shop/virtualNode/cart-v1"]})
    assert {each.code for each in refused.value.problems} == {"dangling-reference"}
    with pytest.raises(ChangeRefused) as refused:
        api.post("/changes", {"apply": [{**NODE, "spec": {"listener": []}}]})
    assert [(each.path, each.code) for each in refused.value.problems] == [
        ("apply[0].json", "unknown-field")
    ]
    assert git(served.bare, "rev-parse", "main") == before
    assert api.get("/problems")["ok"] is True


def test_a_rollback_is_a_commit_and_a_pin_names_the_caller(api: ServerApi, served: Served) -> None:
    then = api.get("/state")["commit"]
    api.post("/changes", {"apply": [{**NODE, "virtualNodeName": "c"}]})
    dry = api.post("/rollback", {"to": then, "dryRun": True})
    done = api.post("/rollback", {"to": then, "reason": "INC-7"})
    assert done["changes"] == dry["changes"]
    assert git(served.bare, "rev-parse", "main") == done["commit"]
    assert api.get("/state")["commit"] == done["commit"]
    assert "INC-7" in git(served.bare, "log", "-1", "--format=%B%an", "main")
    assert git(served.bare, "log", "-1", "--format=%(trailers:key=Via,valueonly)", "main") == "api"

    pinned = api.post("/pin", {"commit": then, "reason": "INC-7", "for": "5m"})
    assert pinned["pinned"]["by"] == "Ada <ada@shop.example>"
    assert api.get("/state")["pinned"]["commit"] == then
    assert api.post("/unpin", {})["pinned"] is None


def test_what_is_no_longer_as_expected_is_not_changed(api: ServerApi, served: Served) -> None:
    names = {"kind": "VirtualNode", "meshName": "other", "virtualNodeName": "expected"}
    first, second = ({**names, "spec": {"backends": []}}, {**names, "spec": {}})
    tagged = {**second, "tags": [{"key": "a", "value": "1"}]}
    with pytest.raises(ChangedMeanwhile, match="was deleted meanwhile"):
        api.post("/changes", {"apply": [first], "expected": [first]})
    api.post("/changes", {"apply": [first]})
    assert api.post("/changes", {"apply": [second], "expected": [first]})["commit"]
    before = git(served.bare, "rev-parse", "main")
    for wrong in (first, tagged):
        with pytest.raises(ChangedMeanwhile, match="was changed meanwhile"):
            api.post("/changes", {"apply": [first], "expected": [wrong]})
    assert git(served.bare, "rev-parse", "main") == before
    assert api.post("/changes", {"apply": [tagged], "expected": [second]})["commit"]
    key = "mesh/other/virtualNode/expected"
    assert api.get(f"/resources/{key}")["document"] == tagged
    with pytest.raises(ChangedMeanwhile):
        api.post("/changes", {"delete": [key], "expected": [first]})
    assert api.post("/changes", {"delete": [key], "expected": [tagged]})["commit"]


@pytest.mark.parametrize(
    ("method", "path", "query", "status"),
    [
        ("GET", "/nothing", "", 404),
        ("DELETE", "/resources", "", 405),
        ("GET", "/resources", "kind=Node", 400),
        ("GET", "/resources", "limit=0", 400),
        ("GET", "/resources", "limit=501", 400),
        ("GET", "/resources", "color=red", 400),
        ("GET", "/resources", "mesh=a&mesh=b", 400),
        ("GET", "/resources/cart", "", 400),
        ("GET", "/resources/mesh/nowhere", "", 404),
        ("GET", "/resources/%0Aroute", "", 400),
        ("GET", "/commits/%0Amain", "", 400),
        ("GET", "/nothing%0A", "", 404),
        ("GET", "/commits/ffffffffffff", "", 400),
        ("GET", "/diff", "", 400),
        ("GET", "/diff", "before=/etc", 400),
        ("GET", "/state", "at=never", 400),
        ("GET", "/events", "after=x", 400),
        ("GET", "/events", "chain=mesh&after=999999", 400),
        ("GET", "/events", "kind=Nothing", 400),
        ("POST", "/changes", "", 400),
    ],
)
def test_wrong_requests_are_refused(
    served: Served, method: str, path: str, query: str, status: int
) -> None:
    with endpoint(served.url, KEY) as there:
        reply = there.ask(method, f"/gitmesh/v1{path}", query, b"", repeat=False)
    assert reply.status == status, reply.body
    assert b'"error":' in reply.body


def test_every_operation_has_a_shape_and_a_name_of_its_own() -> None:
    named = {(each.method, each.path) for each in OPERATIONS}
    assert len(named) == len(OPERATIONS)
    assert all(hasattr(each.shape, "__annotations__") for each in OPERATIONS)


def test_the_page_is_that_of_the_table() -> None:
    written = Path(__file__).parents[2] / "docs" / "json-api.md"
    assert written.read_text() == page(), "write it: make golden"
