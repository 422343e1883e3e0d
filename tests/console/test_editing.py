"""Resources are edited as forms and as text, reviewed, merged and committed; without a browser."""

import html
import re

import httpx
import pytest

from gitmesh.console.forms.scalar import json_text
from mesh.keys import Kind
from tests.console.conftest import Served, Visitor, text_of
from tests.support.git import git, put
from tests.support.sample_shop import sample_files

ROUTE = "mesh/shop/virtualRouter/cart/route/all"
NODE = "mesh/shop/virtualNode/cart-v1"
FILE = "shop/cart/routes.yaml"


WEIGHTS = tuple(f"spec.httpRoute.action.weightedTargets.{at}.weight" for at in range(2))


def weights(one: int, other: int) -> dict[str, str]:
    return {WEIGHTS[0]: str(one), WEIGHTS[1]: str(other)}


def fields(page: httpx.Response, form: str = "main") -> dict[str, str]:
    """Return what a browser would send from the forms of a page, without the buttons."""
    text = page.text[page.text.index("<main") :]
    found = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', text)
    }
    for name, value in re.findall(
        r'<textarea[^>]*? name="([^"]+)"[^>]*>\n?(.*?)</textarea>', text, re.DOTALL
    ):
        found[name] = html.unescape(value)
    for name, options in re.findall(
        r'<select[^>]*? name="([^"]+)".*?>(.*?)</select>', text, re.DOTALL
    ):
        chosen = re.search(r"<option[^>]*selected[^>]*>([^<]*)<", options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return {name: value for name, value in found.items() if name not in ("csrf", "next")}


def committed(served: Served, path: str = FILE) -> str:
    return git(served.bare, "show", f"main:{path}")


def changed_lines(served: Served) -> list[str]:
    found = git(served.bare, "diff", "-U0", "main^", "main").splitlines()
    return [line for line in found if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_the_pages_of_a_resource_answer(visitor: Visitor) -> None:
    for tab in ("spec", "yaml", "envoy", "history", "blame"):
        found = visitor.get(f"/resource/{NODE}?tab={tab}")
        assert found.status_code == 200
        assert "payments.shop.internal" in found.text
    assert visitor.get("/resource/mesh/shop/virtualNode/none").status_code == 404
    assert visitor.get("/resource/nonsense").status_code == 404
    assert "cart-v1" in visitor.get("/resources?q=cart-v&kind=VirtualNode").text
    router = text_of(visitor.get("/resource/mesh/shop/virtualRouter/cart").text)
    assert router.count("cart/all Route") == 1
    assert visitor.get(f"/resource/{ROUTE}?at=1").status_code in (200, 404)


def test_a_form_changes_one_scalar_and_the_commit_is_the_visitors(
    served: Served, visitor: Visitor
) -> None:
    page = visitor.get(f"/edit/{ROUTE}")
    form = fields(page)
    assert form[WEIGHTS[1]] == "0"
    review = visitor.post(f"/edit/{ROUTE}", {**form, **weights(70, 30), "do": "review"})
    assert review.status_code == 200
    assert "cart-v2 0 % → 30 %" in text_of(review.text)
    before = committed(served)
    made = visitor.post(
        "/commit-changes", {**fields(review), "message": "Try version 2\n\nWhy not"}
    )
    assert made.status_code == 303
    assert re.fullmatch(r"/commit/[0-9a-f]{40}", made.headers["location"])
    after = before.replace("cart-v2, weight: 0}", "cart-v2, weight: 30}")
    assert committed(served) == after.replace("cart-v1, weight: 100}", "cart-v1, weight: 70}")
    assert len(changed_lines(served)) == 4
    message = git(served.bare, "log", "-1", "--format=%B", "main")
    assert message.startswith("Try version 2\n\nWhy not\n")
    assert message.rstrip().endswith("Via: console")


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(visitor: Visitor) -> None:
    form = fields(visitor.get(f"/edit/{NODE}"))
    port = "spec.listeners.0.portMapping.port"
    page = visitor.post(f"/edit/{NODE}", {**form, port: "80a", "do": "review"})
    assert page.status_code == 422
    assert fields(page)[port] == "80a"
    slot = page.text.index('id="p-spec-listeners-0-portMapping-port"')
    assert "port must be a whole number" in page.text[slot : slot + 600]
    live = visitor.post(f"/edit/{NODE}", {**fields(page), "do": "check"})
    assert 'id="p-spec-listeners-0-portMapping-port" hx-swap-oob="true"' in live.text
    assert "<main" not in live.text
    as_text = visitor.post(f"/edit/{NODE}", {**fields(page), "do": "yaml"})
    assert "port: 80a" in fields(as_text)["text"]
    back = visitor.post(f"/edit/{NODE}", {**fields(as_text), "do": "form"})
    assert fields(back)[port] == "80a"


def test_buttons_add_choose_and_remove(visitor: Visitor) -> None:
    form = fields(visitor.get(f"/edit/{ROUTE}"))
    page = visitor.post(f"/edit/{ROUTE}", {**form, "do": "choose:spec.grpcRoute"})
    assert fields(page)["spec.grpcRoute.action.weightedTargets.0.virtualNode"] == "cart-v1"
    page = visitor.post(
        f"/edit/{ROUTE}", {**form, "do": "add:spec.httpRoute.action.weightedTargets"}
    )
    assert "spec.httpRoute.action.weightedTargets.2.virtualNode" in fields(page)
    page = visitor.post(
        f"/edit/{ROUTE}", {**fields(page), "do": "remove:spec.httpRoute.action.weightedTargets.2"}
    )
    assert "spec.httpRoute.action.weightedTargets.2.virtualNode" not in fields(page)
    tagged = {**fields(page), "tags.0.key": "team", "tags.0.value": "cart", "do": "yaml"}
    assert "- key: team" in fields(visitor.post(f"/edit/{ROUTE}", tagged))["text"]


def test_text_keeps_comments_and_broken_text_stays_as_typed(visitor: Visitor) -> None:
    form = fields(visitor.get(f"/edit/{ROUTE}?as=yaml"))
    typed = f"# Mine.\r\n{form['text']}".replace("maxRetries: 2", "maxRetries: 3")
    review = visitor.post(f"/edit/{ROUTE}", {**form, "text": typed, "do": "review"})
    assert "# Mine." in review.text
    assert "maxRetries: 3" in review.text
    again = visitor.post(f"/edit/{ROUTE}", fields(review))
    assert fields(again)["spec.httpRoute.retryPolicy.maxRetries"] == "3"
    assert "# Mine." in fields(again)["text"]
    broken = visitor.post(f"/edit/{ROUTE}", {**form, "text": "spec: [<b>", "do": "form"})
    assert fields(broken)["text"] == "spec: [<b>"
    assert "<b>" not in broken.text
    other = typed.replace("routeName: all", "routeName: some")
    refused = visitor.post(f"/edit/{ROUTE}", {**form, "text": other, "do": "review"})
    assert refused.status_code == 422


def test_edits_of_others_are_merged_or_asked_never_overwritten(
    served: Served, visitor: Visitor
) -> None:
    put(served.bare, sample_files(), minute=1)
    form = fields(visitor.get(f"/edit/{ROUTE}"))
    text = committed(served)
    put(
        served.bare,
        {**sample_files(), FILE: text.replace("maxRetries: 2", "maxRetries: 4")},
        minute=2,
    )
    merged = visitor.post(f"/edit/{ROUTE}", {**form, **weights(60, 40), "do": "review"})
    assert merged.status_code == 200
    assert "$.spec.httpRoute.retryPolicy" in merged.text
    made = visitor.post("/commit-changes", fields(merged))
    assert made.status_code == 303
    now = committed(served)
    assert "weight: 40" in now
    assert "maxRetries: 4" in now

    asked = visitor.post(f"/edit/{ROUTE}", {**form, **weights(30, 70), "do": "review"})
    assert asked.status_code == 409
    for theirs_or_mine in (60, 40, 30, 70):
        assert f"<pre>{theirs_or_mine}</pre>" in asked.text
    picks = dict.fromkeys(re.findall(r'name="(pick[^"]+)"', asked.text), "mine")
    assert len(picks) == 2
    hidden = {k: v for k, v in fields(asked).items() if not k.startswith("pick")}
    review = visitor.post("/review", {**hidden, **picks})
    assert review.status_code == 200
    assert visitor.post("/commit-changes", fields(review)).status_code == 303
    assert "weight: 70" in committed(served)


def test_a_reviewed_change_is_reviewed_again_if_the_branch_has_moved(
    served: Served, visitor: Visitor
) -> None:
    put(served.bare, sample_files(), minute=3)
    review = visitor.get(f"/shift/{ROUTE}?w.0=50&w.1=50")
    assert "Shift cart/all to cart-v1 50 %, cart-v2 50 %" in review.text
    text = committed(served)
    put(
        served.bare,
        {**sample_files(), FILE: text.replace("maxRetries: 2", "maxRetries: 5")},
        minute=4,
    )
    tip = git(served.bare, "rev-parse", "main")
    again = visitor.post("/commit-changes", fields(review))
    assert again.status_code == 409
    assert git(served.bare, "rev-parse", "main") == tip
    assert visitor.post("/commit-changes", fields(again)).status_code == 303
    assert "maxRetries: 5" in committed(served)


def test_a_resource_that_others_need_cannot_go(served: Served, visitor: Visitor) -> None:
    page = visitor.get(f"/delete/{NODE}")
    assert page.status_code == 422
    assert ROUTE.rpartition("/")[2] in page.text
    tip = git(served.bare, "rev-parse", "main")
    assert visitor.post("/commit-changes", fields(page)).status_code in (409, 422)
    assert git(served.bare, "rev-parse", "main") == tip


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"change.0.key": "nonsense"},
        {"change.0.key": NODE, "change.0.spec": "[1"},
        {"change.0.key": NODE, "change.0.spec": json_text("x")},
    ],
)
def test_hostile_proposals_change_nothing(
    served: Served, visitor: Visitor, sent: dict[str, str]
) -> None:
    tip = git(served.bare, "rev-parse", "main")
    for path in ("/review", "/commit-changes"):
        assert visitor.post(path, {**sent, "base": "HEAD~1", "back": "//evil"}).status_code in (
            *(400, 404, 409, 422),
        )
    assert git(served.bare, "rev-parse", "main") == tip


def test_a_resource_of_any_kind_is_created_from_its_form(served: Served, visitor: Visitor) -> None:
    start = visitor.get("/new/resource").text
    assert re.findall(r'href="/new/resource\?kind=(\w+)"', start) == [kind.value for kind in Kind]
    wrong = visitor.get("/new/resource?kind=Route&mesh=shop&parent=cart&name=all")
    assert wrong.status_code == 422
    assert "is there already" in text_of(wrong.text)
    missing = visitor.get("/new/resource?kind=Route&mesh=shop&parent=&name=beta")
    assert text_of(missing.text).count("This needs an answer.") == 1
    named = visitor.get("/new/resource?kind=Route&mesh=shop&parent=cart&name=beta")
    path = named.headers["location"]
    assert path == "/edit/mesh/shop/virtualRouter/cart/route/beta"
    page = visitor.get(path)
    assert 'href="/new/resource?kind=Route&amp;mesh=shop&amp;parent=cart"' in page.text
    form = fields(visitor.post(path, {**fields(page), "do": "choose:spec.httpRoute"}))
    target = "spec.httpRoute.action.weightedTargets.0"
    filled = {**form, f"{target}.virtualNode": "cart-v1", f"{target}.weight": "1"}
    filled["spec.httpRoute.match.prefix"] = "/beta"
    review = visitor.post(path, {**filled, "do": "review"})
    assert review.status_code == 200, text_of(review.text)
    assert "added Route cart/beta" in text_of(review.text)
    made = visitor.post("/commit-changes", fields(review))
    assert made.status_code == 303
    assert "prefix: /beta" in committed(served, "shop/route/cart/beta.yaml")


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_is_named_before_its_form(visitor: Visitor, kind: Kind) -> None:
    page = visitor.get(f"/new/resource?kind={kind}")
    assert page.status_code == 200
    query = {**fields(page), "mesh": "shop", "parent": "x", "name": "quite-new", "kind": kind}
    made = visitor.client.get("/new/resource", params=query)
    assert made.status_code == 303, text_of(made.text)
    assert visitor.get(made.headers["location"]).status_code == 200


def test_a_typed_message_survives_going_back_from_the_review(visitor: Visitor) -> None:
    said = {"message": "Try it\n\nBecause: 1 & 2"}
    shift = visitor.get(f"/shift/{ROUTE}?w.0=61&w.1=39")
    back = visitor.post("/keep-editing", {**fields(shift), **said}).headers["location"]
    kept = {**fields(visitor.get(back)), "w.0": "43", "w.1": "57"}
    review = visitor.client.get(f"/shift/{ROUTE}", params=kept)
    assert fields(review)["message"] == said["message"]
    # Nothing typed: the proposed message follows the change.
    plain = visitor.post("/keep-editing", fields(shift)).headers["location"]
    assert "message" not in plain
    form = fields(visitor.get(f"/edit/{ROUTE}"))
    review = visitor.post(f"/edit/{ROUTE}", {**form, **weights(90, 10), "do": "review"})
    edit = visitor.post(f"/edit/{ROUTE}", {**fields(review), **said, "do": "form"})
    review = visitor.post(f"/edit/{ROUTE}", {**fields(edit), "do": "review"})
    assert fields(review)["message"] == said["message"]


def test_pages_lead_to_the_picture_around_what_they_show(visitor: Visitor) -> None:
    service = "mesh/shop/virtualService/cart.shop.internal"
    for path in (f"/resource/{ROUTE}", f"/resource/{NODE}", f"/traffic/{service}"):
        found = re.search(r'href="(/topology\?around=[^"]+)"', visitor.get(path).text)
        assert found is not None, path
        assert visitor.get(html.unescape(found[1])).status_code == 200
    page = visitor.get("/commit/main").text
    found = re.search(r'href="(/topology\?detail=changes[^"]+)"', page)
    assert found is not None
    picture = visitor.get(html.unescape(found[1]))
    assert picture.status_code == 200
    assert "Nothing is different" not in picture.text


def test_which_route_takes_a_request(visitor: Visitor) -> None:
    path = "/traffic/mesh/shop/virtualService/cart.shop.internal"
    page = visitor.get(
        f"{path}?path=/cart&headers=x-shop-tester:+yes&from=mesh/shop/virtualNode/web"
    )
    assert "takes the request" in page.text
    marked = page.text.index('class="route takes"')
    assert "cart/testers" in page.text[marked : marked + 500]
    assert "is not a header" in visitor.get(f"{path}?path=/&headers=nonsense").text
    assert "passed" in page.text
    assert visitor.get("/traffic?q=nothing").status_code == 200


def test_the_wizard_asks_first_what_is_wrong_first(served: Served, visitor: Visitor) -> None:
    base = "/new/service?mesh=shop&service=pay.shop.internal"
    assert 'value="pay-v1"' in visitor.get(f"{base}&step=node").text
    wrong = visitor.get(f"{base}&step=review&port=80a&weight_0=x")
    assert wrong.status_code == 422
    assert 'name="port" value="80a"' in wrong.text
    assert 'name="weight_0" value="x"' in wrong.text
    assert "port must be a whole number" in wrong.text
    taken = visitor.get("/new/service?mesh=shop&service=cart.shop.internal&step=node")
    assert taken.status_code == 422
    assert "is there already" in taken.text
    review = visitor.get(f"{base}&step=review")
    made = visitor.post("/commit-changes", fields(review))
    assert made.status_code == 303
    page = visitor.get(made.headers["location"])
    assert "gitmesh bootstrap --node mesh/shop/virtualNode/pay-v1" in html.unescape(page.text)
    added = git(served.bare, "diff", "--name-only", "main^", "main").split()
    assert "shop/virtual-node/pay-v1.yaml" in added


def test_what_others_added_or_changed_is_not_replaced_in_silence(
    served: Served, visitor: Visitor
) -> None:
    base = "/new/service?mesh=shop&service=fee.shop.internal"
    review = visitor.get(f"{base}&step=review&port=8081")
    first = visitor.get(f"{base}&step=review&port=8082")
    assert visitor.post("/commit-changes", fields(first)).status_code == 303
    asked = visitor.post("/commit-changes", fields(review))
    assert asked.status_code == 409
    assert "8081" in asked.text
    assert "8082" in asked.text

    key = "mesh/shop/virtualService/fee.shop.internal"
    page = visitor.get(f"/delete/{key}")
    assert page.status_code == 200
    path = "shop/virtual-service/fee.shop.internal.yaml"
    text = committed(served, path)
    assert "virtualRouterName: fee" in text
    changed = text.replace("virtualRouterName: fee", "virtualRouterName: cart")
    names = git(served.bare, "ls-tree", "-r", "--name-only", "main").split()
    files = {name: committed(served, name) + "\n" for name in names}
    put(served.bare, {**files, path: changed}, minute=5)
    again = visitor.post("/commit-changes", fields(page))
    assert again.status_code == 409
    assert visitor.post("/commit-changes", fields(again)).status_code == 303
    assert visitor.get(f"/resource/{key}").status_code == 404


def test_what_cannot_be_read_is_not_called_removed(visitor: Visitor) -> None:
    form = fields(visitor.get(f"/edit/{NODE}"))
    wrong = {**form, "spec.listeners.0.portMapping.port": "80a", "do": "check"}
    assert "removed VirtualNode" not in text_of(visitor.post(f"/edit/{NODE}", wrong).text)
