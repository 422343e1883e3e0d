"""Tags are kept in the documents of their resources: as commits, without a new version."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import ACCOUNT, READER, READER_SECRET, Served
from tests.support.git import git, put

NODE = f"arn:aws:appmesh:eu-west-1:{ACCOUNT}:mesh/shop/virtualNode/cart-v1"


def refused(code: str, call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == code, error.value
    return str(error.value.response["Error"]["Message"])


def listed(**tags: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def tags_of(client: Any, arn: str) -> dict[str, str]:
    found = client.get_paginator("list_tags_for_resource").paginate(
        resourceArn=arn, PaginationConfig={"PageSize": 2}
    )
    return {tag["key"]: tag["value"] for page in found for tag in page["tags"]}


def commits(served: Served) -> int:
    return int(git(served.bare, "rev-list", "--count", "main"))


def test_tags_are_added_changed_listed_and_removed(client: Any, served: Served) -> None:
    spec = client.describe_virtual_node(meshName="shop", virtualNodeName="cart-v1")
    before = commits(served)
    client.tag_resource(resourceArn=NODE, tags=listed(team="cart", cost="7", owner="Ada"))
    client.tag_resource(resourceArn=NODE, tags=listed(cost="8"))
    client.tag_resource(resourceArn=NODE, tags=listed(cost="8"))
    assert tags_of(client, NODE) == {"cost": "8", "owner": "Ada", "team": "cart"}
    client.untag_resource(resourceArn=NODE, tagKeys=["owner", "unknown"])
    client.untag_resource(resourceArn=NODE, tagKeys=["owner"])
    assert tags_of(client, NODE) == {"cost": "8", "team": "cart"}
    assert commits(served) == before + 3
    after = client.describe_virtual_node(meshName="shop", virtualNodeName="cart-v1")
    assert after["virtualNode"] == spec["virtualNode"]
    client.untag_resource(resourceArn=NODE, tagKeys=["cost", "team"])
    assert tags_of(client, NODE) == {}
    assert git(served.bare, "diff", f"main~{commits(served) - before}", "main") == ""


def test_a_new_resource_has_its_tags_and_an_update_keeps_them(client: Any, served: Served) -> None:
    names = {"meshName": "shop", "virtualRouterName": "a/virtualNode/b"}
    spec: dict[str, Any] = {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}
    made = client.create_virtual_router(**names, spec=spec, tags=listed(team="cart", empty=""))
    arn = made["virtualRouter"]["metadata"]["arn"]
    assert tags_of(client, arn) == {"empty": "", "team": "cart"}
    other = {"listeners": [{"portMapping": {"port": 81, "protocol": "http"}}]}
    client.update_virtual_router(**names, spec=other)
    assert tags_of(client, arn) == {"empty": "", "team": "cart"}
    path = git(served.bare, "log", "-1", "--name-only", "--format=", "main")
    text = git(served.bare, "show", f"main:{path}")
    assert text.index("tags:") < text.index("spec:")
    client.delete_virtual_router(**names)
    refused("NotFoundException", client.list_tags_for_resource, resourceArn=arn)
    client.create_virtual_router(**names, spec=spec)
    assert tags_of(client, arn) == {}


def test_tags_that_came_by_push_are_listed(client: Any, served: Served) -> None:
    text = (
        "# Mine.\nkind: VirtualService\nmeshName: shop\nvirtualServiceName: pushed.local\n"
        "tags:\n  - key: team  # who\n    value: cart\n  - {key: level, value: 3}\nspec: {}\n"
    )
    files = git(served.bare, "ls-tree", "-r", "--name-only", "main").splitlines()
    kept: dict[str, str | bytes] = {p: git(served.bare, "show", f"main:{p}") + "\n" for p in files}
    put(served.bare, {**kept, "shop/pushed.yaml": text}, minute=5)
    client.create_mesh(meshName="after-the-push")
    arn = f"arn:aws:appmesh:eu-west-1:{ACCOUNT}:mesh/shop/virtualService/pushed.local"
    client.tag_resource(resourceArn=arn, tags=listed(team="shop"))
    assert tags_of(client, arn) == {"level": "3", "team": "shop"}
    found = git(served.bare, "show", "main:shop/pushed.yaml")
    assert found.startswith("# Mine.\n")
    assert "key: team # who" in found.replace("  #", " #")


def test_refusals(client: Any, served: Served) -> None:
    tip = git(served.bare, "rev-parse", "main")
    many = {f"k{n}": "v" for n in range(51)}
    tag, untag = client.tag_resource, client.untag_resource
    refused("TooManyTagsException", tag, resourceArn=NODE, tags=listed(**many))
    refused("NotFoundException", tag, resourceArn=f"{NODE}x", tags=listed(a="b"))
    refused("NotFoundException", untag, resourceArn=NODE.replace(ACCOUNT, "9" * 12), tagKeys=["a"])
    refused("BadRequestException", untag, resourceArn="arn:aws:s3:::shop", tagKeys=["a"])
    refused("BadRequestException", tag, resourceArn=NODE, tags=listed(**{"aws:x": "y"}))
    refused("BadRequestException", tag, resourceArn=NODE, tags=listed(a="1") + listed(a="2"))
    refused("BadRequestException", tag, resourceArn=NODE, tags=listed(a="one\nline"))
    refused(
        "BadRequestException", client.list_tags_for_resource, resourceArn=NODE, nextToken="forged"
    )
    reader = served.client(READER, READER_SECRET)
    refused("NotFoundException", reader.list_tags_for_resource, resourceArn=NODE)
    refused("ForbiddenException", reader.tag_resource, resourceArn=NODE, tags=listed(a="b"))
    assert git(served.bare, "rev-parse", "main") == tip


def test_fifty_tags_are_the_most(client: Any) -> None:
    made = client.create_mesh(meshName="many", tags=listed(**{f"k{n}": "" for n in range(49)}))
    arn = made["mesh"]["metadata"]["arn"]
    client.tag_resource(resourceArn=arn, tags=listed(last="1"))
    refused("TooManyTagsException", client.tag_resource, resourceArn=arn, tags=listed(more="1"))
    client.tag_resource(resourceArn=arn, tags=listed(last="2"))
    assert len(tags_of(client, arn)) == 50
