"""Import of Terraform states and plans: blocks, zeros, modules, and unknown values."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from mesh.canonical import Json
from mesh.importing import Answers, Imported, import_files
from mesh.keys import APP_MESH_KINDS, Kind
from mesh.problems.problem import Severity
from mesh.reading.native import native_document
from mesh.resource import Resource, spec_json
from tests.support.spec_strategies import resources
from tests.support.terraform import state


def run(shown: object, **answers: Any) -> Imported:
    return import_files({"state.json": json.dumps(shown, indent=1).encode()}, Answers(**answers))


def resource(of_type: str, address: str, **values: Any) -> dict[str, Any]:
    name = address.rpartition(".")[2]
    return {"address": address, "mode": "managed", "type": of_type, "name": name, "values": values}


STATE = {
    "format_version": "1.0",
    "terraform_version": "1.9.0",
    "values": {
        "root_module": {
            "resources": [
                resource("aws_appmesh_mesh", "aws_appmesh_mesh.m", name="shop", spec=[]),
                resource("aws_vpc", "aws_vpc.main", cidr="10.0.0.0/8"),
                {
                    **resource("aws_appmesh_mesh", "data.aws_appmesh_mesh.other", name="other"),
                    "mode": "data",
                },
            ],
            "child_modules": [
                {
                    "address": "module.web",
                    "child_modules": [
                        {
                            "resources": [
                                resource(
                                    "aws_appmesh_virtual_node",
                                    'module.web.module.node.aws_appmesh_virtual_node.n["a"]',
                                    name="web",
                                    mesh_name="shop",
                                    mesh_owner="111122223333",
                                    tags={"a": "b"},
                                    spec=[
                                        {
                                            "backend": [
                                                {
                                                    "virtual_service": [
                                                        {
                                                            "client_policy": [],
                                                            "virtual_service_name": "cart",
                                                        }
                                                    ]
                                                }
                                            ],
                                            "backend_defaults": [],
                                            "listener": [
                                                {
                                                    "connection_pool": [
                                                        {
                                                            "grpc": [],
                                                            "http": [
                                                                {
                                                                    "max_connections": 9,
                                                                    "max_pending_requests": 0,
                                                                }
                                                            ],
                                                            "http2": [],
                                                            "tcp": [],
                                                        }
                                                    ],
                                                    "health_check": [],
                                                    "port_mapping": [
                                                        {"port": 80, "protocol": "http"}
                                                    ],
                                                    "timeout": [
                                                        {
                                                            "http": [
                                                                {
                                                                    "idle": [],
                                                                    "per_request": [
                                                                        {"unit": "s", "value": 0}
                                                                    ],
                                                                }
                                                            ]
                                                        }
                                                    ],
                                                    "tls": [],
                                                }
                                            ],
                                            "logging": [],
                                            "service_discovery": [
                                                {
                                                    "aws_cloud_map": [
                                                        {
                                                            "attributes": {"b": "2", "a": "1"},
                                                            "ip_preference": "",
                                                            "namespace_name": "ns",
                                                            "service_name": "web",
                                                        }
                                                    ],
                                                    "dns": [],
                                                }
                                            ],
                                        }
                                    ],
                                )
                            ]
                        }
                    ],
                }
            ],
        }
    },
}


def test_a_state_with_modules_becomes_native_documents() -> None:
    found = run(STATE)
    assert found.problems == ()
    assert found.passed_over == {"aws_vpc": 1}
    mesh, node = found.resources
    assert native_document(mesh) == {"kind": "Mesh", "meshName": "shop", "spec": {}}
    assert native_document(node) == {
        "kind": "VirtualNode",
        "meshName": "shop",
        "virtualNodeName": "web",
        "spec": {
            "backends": [{"virtualService": {"virtualServiceName": "cart"}}],
            "listeners": [
                {
                    "connectionPool": {"http": {"maxConnections": 9}},
                    "portMapping": {"port": 80, "protocol": "http"},
                    "timeout": {"http": {"perRequest": {"unit": "s", "value": 0}}},
                }
            ],
            "serviceDiscovery": {
                "awsCloudMap": {
                    "attributes": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
                    "namespaceName": "ns",
                    "serviceName": "web",
                }
            },
        },
    }


def route(**spec: Any) -> dict[str, Any]:
    values = {"name": "all", "mesh_name": "shop", "virtual_router_name": "cart", "spec": [spec]}
    return resource("aws_appmesh_route", "aws_appmesh_route.r", **values)


def shown(*found: dict[str, Any]) -> dict[str, Any]:
    return {"terraform_version": "1", "values": {"root_module": {"resources": [*found]}}}


TARGET = {"weighted_target": [{"virtual_node": "a", "weight": 0, "port": 0}]}


def test_zeros_that_mean_nothing_are_left_out_and_those_that_mean_zero_stay() -> None:
    http = {
        "action": [TARGET],
        "match": [{"prefix": "/", "method": "", "header": [], "path": [], "port": 0}],
        "retry_policy": [],
        "timeout": [],
    }
    found = run(shown(route(http_route=[http], grpc_route=[], priority=0)))
    (only,) = found.resources
    assert spec_json(only.spec) == {
        "httpRoute": {
            "action": {"weightedTargets": [{"virtualNode": "a", "weight": 0}]},
            "match": {"prefix": "/"},
        }
    }
    dropped = [p for p in found.problems if p.code == "import-dropped"]
    assert [(p.severity, p.where) for p in dropped] == [
        (Severity.WARNING, "aws_appmesh_route.r.spec[0].priority")
    ]


def test_services_that_a_router_of_the_preview_lists_become_virtual_services() -> None:
    spec = {"service_names": ["a.local"], "listener": []}
    router = resource(
        "aws_appmesh_virtual_router",
        "aws_appmesh_virtual_router.r",
        name="r",
        mesh_name="m",
        spec=[spec],
    )
    found = run(shown(router))
    assert [p.code for p in found.problems] == ["import-preview"]
    assert [str(r.key) for r in found.resources] == [
        "mesh/m/virtualRouter/r",
        "mesh/m/virtualService/a.local",
    ]


def test_an_empty_block_is_an_empty_object() -> None:
    grpc = {"action": [TARGET], "match": [None]}
    (only,) = run(shown(route(grpc_route=[grpc]))).resources
    spec = spec_json(only.spec)["grpcRoute"]
    assert isinstance(spec, dict)
    assert spec["match"] == {}


def test_a_mistake_is_told_where_terraform_shows_it() -> None:
    http = {"action": [{"weighted_target": [{"virtual_node": "a", "weight": 101}]}], "match": [{}]}
    found = run(shown(route(http_route=[http], shade="blue")))
    assert found.resources == ()
    assert {(p.code, p.where) for p in found.problems} == {
        (
            "out-of-range",
            "aws_appmesh_route.r.spec[0].http_route[0].action[0].weighted_target[0].weight",
        ),
        ("unknown-field", "aws_appmesh_route.r.spec[0].shade"),
    }
    text = json.dumps(shown(route(http_route=[http], shade="blue")), indent=1).splitlines()
    wrong = next(p for p in found.problems if p.code == "out-of-range")
    assert '"weight": 101' in text[wrong.line - 1]


def plan(unknown: object, **values: Any) -> dict[str, Any]:
    address = "aws_appmesh_virtual_router.r"
    found = resource("aws_appmesh_virtual_router", address, name="cart", **values)
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": [found]}},
        "resource_changes": [{"address": address, "change": {"after_unknown": unknown}}],
    }


LISTENER = [{"listener": [{"port_mapping": [{"port": 80, "protocol": "http"}]}]}]


def test_a_plan_is_read_like_a_state_where_it_knows_everything() -> None:
    known = plan({"id": True, "arn": True, "tags_all": {}}, mesh_name="shop", spec=LISTENER)
    found = run(known)
    assert found.problems == ()
    assert [str(r.key) for r in found.resources] == ["mesh/shop/virtualRouter/cart"]


@pytest.mark.parametrize(
    ("shape", "place"),
    [
        (plan({"mesh_name": True}, spec=LISTENER), "aws_appmesh_virtual_router.r"),
        (
            plan({"spec": [{"listener": [{"port_mapping": [{"port": True}]}]}]}, mesh_name="shop"),
            "aws_appmesh_virtual_router.r",
        ),
    ],
    ids=["the mesh", "a part of the spec"],
)
def test_what_a_plan_does_not_know_yet_is_told_and_the_resource_kept_back(
    shape: dict[str, Any], place: str
) -> None:
    found = run(shape)
    assert found.resources == ()
    (problem,) = found.problems
    assert problem.code == "import-undecided"
    assert problem.where.startswith(place)


def referring(*references: str) -> dict[str, Any]:
    """A plan of a module made twice, whose router's mesh_name is written with these references."""
    mesh, router = "aws_appmesh_mesh.m", "aws_appmesh_virtual_router.r"
    inside = 'module.shop["a.b"].'
    expressions = {"mesh_name": {"references": [*references]}}
    of_router = resource("aws_appmesh_virtual_router", inside + router, name="cart", spec=LISTENER)
    return {
        "planned_values": {
            "root_module": {
                "child_modules": [
                    {
                        "resources": [
                            resource("aws_appmesh_mesh", inside + mesh, name="shop", spec=[]),
                            of_router,
                        ]
                    }
                ]
            }
        },
        "resource_changes": [
            {"address": inside + router, "change": {"after_unknown": {"mesh_name": True}}}
        ],
        "configuration": {
            "root_module": {
                "module_calls": {
                    "shop": {
                        "module": {"resources": [{"address": router, "expressions": expressions}]}
                    }
                }
            }
        },
    }


def test_the_id_of_a_mesh_that_is_not_made_yet_is_its_name_and_said_so() -> None:
    found = run(referring("aws_appmesh_mesh.m.id", "aws_appmesh_mesh.m"))
    assert [str(r.key) for r in found.resources] == ["mesh/shop", "mesh/shop/virtualRouter/cart"]
    assert [(p.code, p.severity) for p in found.problems] == [("import-ref", Severity.WARNING)]


@pytest.mark.parametrize(
    "references",
    [(), ("var.mesh",), ("aws_appmesh_mesh.m.id", "var.suffix"), ("aws_appmesh_mesh.other.id",)],
)
def test_a_mesh_name_made_of_anything_else_is_not_guessed(references: tuple[str, ...]) -> None:
    found = run(referring(*references))
    assert [str(r.key) for r in found.resources] == ["mesh/shop"]
    assert [p.code for p in found.problems] == ["import-undecided"]


def test_an_unknown_mesh_can_be_said() -> None:
    found = run(plan({"mesh_name": True}, spec=LISTENER), mesh="shop")
    assert [str(r.key) for r in found.resources] == ["mesh/shop/virtualRouter/cart"]


def test_terraforms_own_state_file_is_not_its_interface() -> None:
    found = run({"version": 4, "terraform_version": "1.9.0", "lineage": "x", "resources": []})
    assert [p.code for p in found.problems] == ["import-form"]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(resources(*APP_MESH_KINDS))
def test_whatever_a_spec_says_comes_back_from_terraform(original: Resource) -> None:
    # A log format of no fields is the one choice that Terraform cannot tell from no choice.
    assume('"json": []' not in json.dumps(spec_json(original.spec)))
    found = run(state(original))
    (only,) = found.resources
    assert only.key == original.key
    assert settled(spec_json(only.spec)) == settled(spec_json(original.spec))


def settled(value: Json, *, top: bool = True) -> Json:
    """Return a spec without what Terraform cannot tell from nothing."""
    if isinstance(value, list):
        return [settled(item, top=False) for item in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Json] = {}
    for key, part in value.items():
        if part in ("", []) or (top and key == "priority" and part == 0):
            continue
        kept[key] = settled(part, top=False)
    attributes = kept.get("attributes")
    if isinstance(attributes, list):
        pairs = {str(a["key"]): a["value"] for a in attributes if isinstance(a, dict)}
        kept["attributes"] = [{"key": k, "value": v} for k, v in sorted(pairs.items())]
    return kept


@pytest.mark.parametrize("kind", APP_MESH_KINDS)
def test_every_kind_has_its_type(kind: Kind) -> None:
    from tests.support.terraform import snake

    found = run(shown(resource(f"aws_appmesh_{snake(kind.value)}", "a.b")))
    assert "import-template" not in {p.code for p in found.problems}
    assert found.passed_over == {}
