"""Calls that are staged under a name become one commit, or nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gitmesh.queries.log_location import log_path
from gitmesh.service.changes import change_set_request, planned_commit
from reconciler.git.writing import Person
from tests.api.conftest import KEY, READER, READER_SECRET, SECRET, Served
from tests.api.test_repeated_calls import ROUTER, as_attempt
from tests.api.test_tags import listed, refused, tags_of
from tests.support.command_line import Ran, gitmesh
from tests.support.git import git

HTTP = {"portMapping": {"port": 8080, "protocol": "http"}}
NODE = {"listeners": [HTTP], "serviceDiscovery": {"dns": {"hostname": "n.local"}}}


def staging(served: Served, name: str, key: str = KEY, secret: str = SECRET) -> Any:
    """Return a client all of whose calls are staged under a name."""
    client = served.client(key, secret)

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["x-gitmesh-change"] = name

    client.meta.events.register("before-call.app-mesh", add)
    return client


def to(*nodes: str) -> dict[str, Any]:
    targets = [{"virtualNode": name, "weight": 1} for name in nodes]
    return {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}}


def change(served: Served, *arguments: str) -> Ran:
    return gitmesh("change", *arguments, "--repo", served.bare)


def test_a_push_at_the_same_time_does_not_stop_a_commit(
    client: Any, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"meshName": "shop", "virtualRouterName": "race"}
    staging(served, "race").create_virtual_router(**names, spec=ROUTER)
    pushed: list[Any] = []

    def commit(*arguments: Any, **more: Any) -> Any:
        if not pushed:
            other = client.create_virtual_router(
                meshName="shop", virtualRouterName="other", spec=ROUTER
            )
            pushed.append(other)
        return planned_commit.commit(*arguments, **more)

    monkeypatch.setattr(change_set_request, "commit", commit)
    log, person = log_path(served.bare), Person("Ops", "ops@shop.example")
    found = change_set_request.commit_change(served.bare, None, log, "race", person)
    assert found.commit == tip(served)
    assert "other" in git(served.bare, "log", "-1", "--format=%s", "main^")


def tip(served: Served) -> str:
    return git(served.bare, "rev-parse", "main")


def test_many_calls_are_one_commit_in_whatever_order(client: Any, served: Served) -> None:
    before = tip(served)
    staged = staging(served, "move-cart")
    names = {"meshName": "shop", "virtualRouterName": "staged"}
    staged.create_virtual_router(**names, spec=ROUTER, tags=listed(team="cart"))
    staged.create_route(**names, routeName="all", spec=to("staged-node"))  # not there yet
    made = staged.create_virtual_node(meshName="shop", virtualNodeName="staged-node", spec=NODE)
    assert made["virtualNode"]["metadata"]["version"] == 1
    assert made["virtualNode"]["status"] == {"status": "ACTIVE"}
    assert made["ResponseMetadata"]["HTTPHeaders"]["x-gitmesh-change"] == "move-cart"
    about = made["virtualNode"]["metadata"]
    staged.tag_resource(resourceArn=about["arn"], tags=listed(a="1", b="2"))
    staged.untag_resource(resourceArn=about["arn"], tagKeys=["a"])
    found = staged.describe_virtual_node(meshName="shop", virtualNodeName="staged-node")
    assert found["virtualNode"]["metadata"]["uid"] == about["uid"]
    refused("NotFoundException", client.describe_virtual_node, meshName="shop",
            virtualNodeName="staged-node")  # fmt: skip
    assert tip(served) == before
    assert "move-cart  5 calls, Ada" in change(served, "list").out

    shown = change(served, "show", "move-cart")
    assert (shown.code, shown.err) == (0, "")
    assert "would commit move-cart: 3 changes" in shown.out
    assert "virtual node staged-node" in shown.out
    assert tip(served) == before
    done = change(served, "commit", "move-cart")
    assert done.code == 0
    assert git(served.bare, "rev-parse", "main^") == before
    assert git(served.bare, "log", "-1", "--format=%an", "main") == "Ada"
    assert "no calls are staged" in change(served, "list").out
    client.create_mesh(meshName="after-the-commit")
    assert tags_of(client, about["arn"]) == {"b": "2"}
    assert gitmesh("verify", served.bare).code == 0


def test_the_rules_hold_with_what_is_staged(served: Served) -> None:
    staged = staging(served, "rules")
    node = {"meshName": "shop", "virtualNodeName": "rules"}
    staged.create_virtual_node(**node, spec=NODE)
    refused("ConflictException", staged.create_virtual_node, **node, spec=NODE)
    router = {"meshName": "shop", "virtualRouterName": "rules"}
    refused("NotFoundException", staged.create_route, **router, routeName="all", spec=to("rules"))
    staged.create_virtual_router(**router, spec=ROUTER)
    staged.create_route(**router, routeName="all", spec=to("rules"))
    refused("ResourceInUseException", staged.delete_virtual_node, **node)
    staged.delete_route(**router, routeName="all")
    gone = staged.delete_virtual_node(**node)["virtualNode"]
    assert gone["status"] == {"status": "DELETED"}
    refused("NotFoundException", staged.describe_virtual_node, **node)
    staged.delete_virtual_router(**router)
    assert "rules changes nothing" in change(served, "show", "rules").out
    assert change(served, "commit", "rules").code == 0


def test_what_would_be_wrong_is_shown_and_not_committed(served: Served) -> None:
    before = tip(served)
    staged = staging(served, "wrong")
    staged.update_route(
        meshName="shop", virtualRouterName="cart", routeName="all", spec=to("nobody")
    )
    for action in ("show", "commit"):
        done = change(served, action, "wrong")
        assert done.code == 1
        assert 'there is no virtual node "nobody"' in done.err
    assert tip(served) == before
    assert change(served, "discard", "wrong").code == 0
    assert change(served, "show", "wrong").code == 2


def test_a_change_that_came_too_late_is_refused(client: Any, served: Served) -> None:
    staged = staging(served, "late")
    node = {"meshName": "shop", "virtualNodeName": "late"}
    staged.create_virtual_node(**node, spec=NODE)
    client.create_virtual_node(**node, spec=NODE)
    refused("ConflictException", staged.delete_virtual_node, **node)
    done = change(served, "commit", "late")
    assert (done.code, "no longer applies" in done.err) == (2, True)
    change(served, "discard", "late")


def test_repeated_and_simultaneous_calls_are_staged_once_each(served: Served) -> None:
    staged = staging(served, "again")
    names = {"meshName": "shop", "virtualRouterName": "again", "spec": ROUTER}
    first = staged.create_virtual_router(**names, clientToken="again-1")
    second = staged.create_virtual_router(**names, clientToken="again-1")
    assert first["virtualRouter"]["metadata"]["uid"] == second["virtualRouter"]["metadata"]["uid"]
    other = {**names, "virtualRouterName": "other"}
    refused("ConflictException", staged.create_virtual_router, **other, clientToken="again-1")
    attempt = as_attempt(staging(served, "again"), "0b6e3d1c-5f0d-4a4e-8d8e-1f3b7c6a9d11")
    for _ in range(2):
        attempt.delete_virtual_router(meshName="shop", virtualRouterName="again")

    def make(number: int) -> None:
        client = staging(served, "again")
        client.create_virtual_node(meshName="shop", virtualNodeName=f"again-{number}", spec=NODE)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make, range(12)))
    assert "again  14 calls" in change(served, "list").out
    assert "12 changes" in change(served, "commit", "again").out


def test_names_and_owners_are_checked(served: Served, tmp_path: Path) -> None:
    node = {"meshName": "shop", "virtualNodeName": "mine", "spec": NODE}
    for name in ("../x", ".x", "a/b", "x" * 65, ""):
        refused("BadRequestException", staging(served, name).create_virtual_node, **node)
    reader = staging(served, "mine", READER, READER_SECRET)
    refused("ForbiddenException", reader.create_mesh, meshName="other")
    staging(served, "mine").create_virtual_node(**node)
    refused("ForbiddenException", reader.describe_mesh, meshName="other")
    folder = served.bare / "gitmesh" / "events.sqlite3-changes"
    assert (folder.stat().st_mode & 0o777) == 0o700
    assert ((folder / "mine.json").stat().st_mode & 0o777) == 0o600
    (folder / "mine.json").write_text("{}")
    assert "is damaged" in change(served, "show", "mine").err
    assert change(served, "discard", "mine").code == 0


@pytest.mark.parametrize("action", ["show", "commit", "discard"])
def test_an_unknown_name_is_told(served: Served, action: str) -> None:
    done = change(served, action, "unknown")
    assert (done.code, "there is no change 'unknown'" in done.err) == (2, True)
