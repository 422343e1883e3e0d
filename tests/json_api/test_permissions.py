"""A tenant learns nothing of others, and changes nothing of theirs."""

import json
from typing import Any

import pytest

from gitmesh.client.server_api import ServerApi
from mesh.errors import UsageError
from tests.api.conftest import READER, Served
from tests.json_api.conftest import PART, Ask, endpoint
from tests.support.git import git

OTHER = {"kind": "Mesh", "meshName": "other", "spec": {"egressFilter": {"type": "ALLOW_ALL"}}}
SHOP = {"kind": "Mesh", "meshName": "shop", "spec": {}}


@pytest.mark.parametrize("key", [READER, PART])
def test_answers_hold_what_the_caller_may_read_alone(
    api: ServerApi, ask: Ask, served: Served, key: str
) -> None:
    first = git(served.bare, "rev-list", "--max-parents=0", "main")
    api.post("/changes", {"apply": [OTHER], "message": "for the shop and others"})
    part = ask(key)
    answers: list[Any] = [
        part.get("/resources"),
        part.get("/state"),
        part.get("/history"),
        part.get("/diff", {"before": "1"}),
        part.get("/proxies"),
        {**part.get("/problems"), "commit": ""},
        part.get("/events", {"after": "0.0"}),
        part.get("/blame", {"resource": "mesh/other"}),
        part.get("/status"),
    ]
    told = json.dumps(answers)
    for own in ("shop.example", "for the shop and others", "shop/other/mesh.yaml"):
        told = told.replace(own, "")
    assert "shop" not in told
    assert "cart" not in told
    assert [each["resource"] for each in answers[0]["resources"]] == ["mesh/other"]
    kinds = {each["kind"] for each in answers[6]["events"]}
    assert kinds == {"ResourceAdded", "ResourceChanged"}
    assert len(answers[2]["commits"]) == 2
    assert answers[3]["blastRadius"]["ofServices"] == 0
    for path, query in [
        ("/resources/mesh/shop", {}),
        ("/blame", {"resource": "mesh/shop/virtualNode/web"}),
        ("/state", {"resource": "mesh/shop"}),
        ("/events", {"resource": "mesh/shop"}),
        ("/status", {"commit": first}),
    ]:
        with pytest.raises(UsageError) as refused:
            part.get(path, query)
        assert "web-v1" not in refused.value.hint


def test_writes_need_the_permission_to_write(api: ServerApi, ask: Ask, served: Served) -> None:
    first = git(served.bare, "rev-list", "--max-parents=0", "main")
    part, reader = ask(PART), ask(READER)
    before = git(served.bare, "rev-parse", "main")
    forbidden: list[tuple[ServerApi, str, dict[str, Any]]] = [
        (reader, "/changes", {"apply": [OTHER]}),
        (reader, "/changes", {"apply": [SHOP], "dryRun": True}),
        (part, "/changes", {"apply": [OTHER, SHOP]}),
        (part, "/changes", {"delete": ["mesh/shop"]}),
        (part, "/rollback", {"to": first}),
        (part, "/rollback", {"to": first, "only": ["mesh/shop"]}),
        (part, "/pin", {"commit": first, "reason": "mine"}),
        (part, "/unpin", {}),
    ]
    for client, path, body in forbidden:
        with pytest.raises(UsageError) as refused:
            client.post(path, body)
        assert "may not" in refused.value.message or "there is no" in refused.value.message
    assert git(served.bare, "rev-parse", "main") == before
    done = part.post("/changes", {"apply": [{**OTHER, "spec": {}}]})
    assert [each["subject"] for each in done["changes"]] == ["mesh/other"]
    assert git(served.bare, "log", "-1", "--format=%an", "main") == "Tess"


@pytest.mark.parametrize("name", ["shop", "absent"])
@pytest.mark.parametrize("dry", [False, True])
def test_what_is_expected_of_others_tells_nothing(ask: Ask, name: str, dry: bool) -> None:
    body = {"apply": [OTHER], "expected": [{**SHOP, "meshName": name}], "dryRun": dry}
    with pytest.raises(UsageError) as refused:
        ask(PART).post("/changes", body)
    assert refused.value.message == f"there is no mesh/{name}"


def test_without_a_signature_nothing_is_told(served: Served) -> None:
    with endpoint(served.url) as there:
        there.sign = lambda *_: {}
        reply = there.ask("GET", "/gitmesh/v1/state")
    assert reply.status == 403
    assert b"resources" not in reply.body
