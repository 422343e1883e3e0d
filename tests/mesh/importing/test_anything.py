"""An import of any file reports something and never fails."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.importing import Answers, import_files
from mesh.reading.native import native_document, read_resources
from mesh.tidy import document_text

WORDS = st.sampled_from(
    [
        *("Ref", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::GetAtt", "Fn::Select", "Fn::Split"),
        *("Fn::FindInMap", "Fn::ImportValue", "Fn::Equals", "Fn::Not", "Fn::And", "Condition"),
        *("Fn::Length", "Fn::ToJsonString", "Fn::Base64", "AWS::NoValue", "AWS::Region", "A", "B"),
        *("A.MeshName", "B.VirtualNodeName", "${A}", "${A.MeshName}-${B}", "C", "MeshName", "Spec"),
        *("Type", "Properties", "Default", "Value", "Export", "Name", "root_module", "resources"),
        *("child_modules", "values", "spec", "listener", "port_mapping", "http_route", "match"),
        *("type", "address", "mode", "name", "mesh_name", "aws_appmesh_route", "references"),
        *("aws_appmesh_mesh.m.id", "change", "after_unknown", "module_calls", "expressions"),
    ]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**20), WORDS, st.text(max_size=5))
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def said(body: object) -> None:
    found = import_files({"x.json": json.dumps(body).encode()}, Answers({"B": "b"}))
    assert all(problem.message and problem.path == "x.json" for problem in found.problems)
    for resource in found.resources:
        text = document_text(native_document(resource))
        assert read_resources("x.yaml", text.encode()).resources == (resource,)


@settings(max_examples=150, deadline=None)
@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_any_template(a: Any, b: Any, parameter: Any, condition: Any, output: Any) -> None:
    said(
        {
            "Parameters": {"C": parameter, "D": {"Type": "String", "Default": parameter}},
            "Conditions": {"C": condition, "A": {"Fn::Not": [{"Condition": "C"}]}},
            "Mappings": parameter,
            "Outputs": {"A": output, "B": {"Value": a, "Export": {"Name": b}}},
            "Resources": {
                "A": {"Type": "AWS::AppMesh::Mesh", "Properties": {"MeshName": a, "Spec": b}},
                "B": {
                    "Type": "AWS::AppMesh::VirtualNode",
                    "Condition": "C",
                    "Properties": {"MeshName": {"Fn::GetAtt": "A.MeshName"}, "Spec": b},
                },
                "C": a,
            },
        }
    )


@settings(max_examples=150, deadline=None)
@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_any_plan(values: Any, spec: Any, change: Any, configuration: Any) -> None:
    of_route = {"type": "aws_appmesh_route", "address": "aws_appmesh_route.r"}
    said(
        {
            "planned_values": {
                "root_module": {
                    "resources": [
                        {**of_route, "values": values},
                        {**of_route, "values": {"name": values, "mesh_name": "m", "spec": spec}},
                        {**of_route, "values": {"name": "r", "spec": [{"http_route": spec}]}},
                        values,
                    ],
                    "child_modules": values,
                }
            },
            "resource_changes": [{"address": "aws_appmesh_route.r", "change": change}, change],
            "configuration": {"root_module": configuration},
        }
    )
