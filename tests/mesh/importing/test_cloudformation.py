"""Import of templates: functions, conditions, parameters, names, and requested values."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.importing import Answers, Imported, import_files
from mesh.keys import APP_MESH_KINDS
from mesh.problems.problem import Severity, errors
from mesh.reading.native import native_document
from mesh.resource import Resource, spec_json
from tests.support.spec_strategies import resources


def run(template: str, name: str = "t.yaml", **answers: Any) -> Imported:
    return import_files({name: template.encode()}, Answers(**answers))


def node_with(hostname: str, beside: str = "") -> str:
    return f"""
Resources:
  Mesh: {{Type: AWS::AppMesh::Mesh, Properties: {{MeshName: shop}}}}
  Lb: {{Type: AWS::ElasticLoadBalancingV2::LoadBalancer}}
  Web:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: !GetAtt Mesh.MeshName
      VirtualNodeName: web
      Spec:
        Listeners: [{{PortMapping: {{Port: '8080', Protocol: http}}}}]
        ServiceDiscovery: {{DNS: {{Hostname: {hostname}}}}}
{beside}
"""


BESIDE = """
Parameters:
  Ns: {Type: String, Default: shop.local}
  Names: {Type: CommaDelimitedList, Default: 'a, b'}
Mappings: {Env: {prod: {Ns: prod.local}}}
Conditions:
  Yes: !Equals [!Ref Ns, shop.local]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Condition No]
  Either: !Or [!Condition Yes, !Condition No]
"""


@pytest.mark.parametrize(
    ("written", "comes_to"),
    [
        ("!Ref Ns", "shop.local"),
        ("{Ref: Ns}", "shop.local"),
        ("!Sub 'web.${Ns}'", "web.shop.local"),
        ("!Sub ['${A}.${Ns}', {A: !Join ['-', [a, b]]}]", "a-b.shop.local"),
        ("!Sub '${!Ns}.${Mesh.MeshName}'", "${Ns}.shop"),
        ("!Join ['.', [web, !Ref Ns]]", "web.shop.local"),
        ("!Join ['.', !Ref Names]", "a.b"),
        ("!Select [1, !Split ['.', !Ref Ns]]", "local"),
        ("!Select ['0', !Ref Names]", "a"),
        ("!FindInMap [Env, prod, Ns]", "prod.local"),
        ("!FindInMap [Env, test, Ns, {DefaultValue: !Ref AWS::Region}]", "cn-north-1"),
        ("!FindInMap [Env, prod, Ns, {DefaultValue: other}]", "prod.local"),
        ("!If [Yes, a, b]", "a"),
        ("!If [No, a, b]", "b"),
        ("!If [Both, a, b]", "b"),
        ("!If [Either, a, b]", "a"),
        ("!GetAtt Mesh.MeshName", "shop"),
        ("!GetAtt [Mesh, MeshName]", "shop"),
        ("{Fn::GetAtt: [Web, VirtualNodeName]}", "web"),
        ("!ImportValue 'prod:Host'", "host.example"),
        ("!ImportValue {Fn::Sub: '${Names}'}", None),
        ("!GetAtt Lb.DNSName", "lb.example"),
        ("!Sub '${AWS::Region}.${AWS::URLSuffix}'", "cn-north-1.amazonaws.com.cn"),
        ("!Ref AWS::Partition", "aws-cn"),
        ("!Base64 hi", "aGk="),
        ("!Sub 'x${Fn::Length}'", None),
        ("1.5", "1.5"),
        ("80", "80"),
    ],
)
def test_functions(written: str, comes_to: str | None) -> None:
    found = run(
        node_with(written, BESIDE),
        parameters={"AWS::Region": "cn-north-1", "Lb.DNSName": "lb.example"},
        import_values={"prod:Host": "host.example"},
    )
    by_name = {resource.key.name: resource for resource in found.resources}
    if comes_to is None:
        assert {problem.code for problem in errors(found.problems)} == {"import-template"}
        assert set(by_name) == {"shop"}
        return
    # Whether the text is a host's name is for the rules to say, not for the import.
    assert {problem.code for problem in errors(found.problems)} <= {"bad-hostname"}
    spec = spec_json(by_name["web"].spec)
    assert spec["serviceDiscovery"] == {"dns": {"hostname": comes_to}}
    assert spec["listeners"] == [{"portMapping": {"port": 8080, "protocol": "http"}}]


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("!Ref Nothing", "import-template", "Nothing"),
        ("!GetAtt Nothing.Arn", "import-template", "Nothing"),
        ("!If [Maybe, a, b]", "import-template", "Maybe"),
        ("!Join [x]", "import-template", "Join"),
        ("!Select [9, [a]]", "import-template", "9"),
        ("!FindInMap [A, b, c]", "import-template", "A → b → c"),
        ("!GetAZs ''", "import-undecided", "Fn::GetAZs"),
        ("!Cidr [a, b, c]", "import-undecided", "Fn::Cidr"),
        ("'{{resolve:ssm:/shop/host}}'", "import-undecided", "resolve:ssm"),
        ("!GetAtt Lb.DNSName", "import-parameter", "Lb.DNSName"),
        ("!Ref Lb", "import-parameter", "Ref of Lb"),
        ("!Ref AWS::AccountId", "import-parameter", "AWS::AccountId"),
        ("!Ref AWS::Partition", "import-parameter", "AWS::Region"),
        ("!ImportValue prod:Host", "import-value", "prod:Host"),
        ("!Sub '${Web.Arn}'", "import-parameter", "Web.Arn"),
        ("[a]", "wrong-type", "hostname"),
    ],
)
def test_what_cannot_be_told_is_a_problem_at_its_line_and_keeps_the_resource_back(
    written: str, code: str, words: str
) -> None:
    found = run(node_with(written))
    (problem,) = errors(found.problems)
    assert (problem.code, problem.line) == (code, 12)
    assert problem.where.startswith("$.Resources.Web.Properties.Spec.ServiceDiscovery.DNS.Hostname")
    assert words in problem.message
    assert [resource.key.name for resource in found.resources] == ["shop"]


def test_a_question_is_asked_once_however_often_its_answer_is_needed() -> None:
    found = run("""
Parameters: {Name: {Type: String}}
Resources:
  Mesh: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: !Ref Name}}
  A: {Type: AWS::AppMesh::VirtualRouter, Properties: {MeshName: !GetAtt Mesh.MeshName, Spec: {}}}
  B: {Type: AWS::AppMesh::VirtualRouter, Properties: {MeshName: !Ref Name, Spec: {}}}
""")
    assert [p.hint for p in errors(found.problems)] == ["give it: --param 'Name=…'"]
    assert found.resources == ()


def test_values_are_as_their_field_wants_them() -> None:
    found = run("""
Parameters: {Share: {Type: Number, Default: 10}}
Resources:
  R:
    Type: AWS::AppMesh::Route
    Properties:
      MeshName: shop
      VirtualRouterName: 7
      RouteName: all
      Tags: [{Key: a, Value: b}]
      Spec:
        Priority: "3"
        HttpRoute:
          Match: {Prefix: /, Headers: [{Name: x, Invert: "false", Match: {Exact: 1}}]}
          Action: {WeightedTargets: [{VirtualNode: a, Weight: !Ref Share}]}
""")
    assert found.problems == ()
    assert native_document(found.resources[0]) == {
        "kind": "Route",
        "meshName": "shop",
        "virtualRouterName": "7",
        "routeName": "all",
        "spec": {
            "priority": 3,
            "httpRoute": {
                "match": {
                    "prefix": "/",
                    "headers": [{"name": "x", "invert": False, "match": {"exact": "1"}}],
                },
                "action": {"weightedTargets": [{"virtualNode": "a", "weight": 10}]},
            },
        },
    }


def test_capitals_of_every_field_that_has_its_own() -> None:
    found = run("""
Resources:
  N:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      MeshName: shop
      VirtualNodeName: n
      Spec:
        ServiceDiscovery: {AWSCloudMap: {NamespaceName: a, ServiceName: b}}
        BackendDefaults: {ClientPolicy: {TLS: {Validation: {Trust: {ACM: {CertificateAuthorityArns:
          [arn]}}}}}}
        Listeners:
          - PortMapping: {Port: 1, Protocol: grpc}
            ConnectionPool: {GRPC: {MaxRequests: 1}}
            Timeout: {GRPC: {Idle: {Unit: s, Value: 1}}}
            TLS: {Mode: STRICT, Certificate: {SDS: {SecretName: x}}}
          - {PortMapping: {Port: 2, Protocol: http}, ConnectionPool: {HTTP: {MaxConnections: 1}}}
          - {PortMapping: {Port: 3, Protocol: http2}, Timeout: {HTTP2: {}}}
          - {PortMapping: {Port: 4, Protocol: tcp}, Timeout: {TCP: {}}}
""")
    assert errors(found.problems) == []
    assert found.resources


def test_a_resource_without_a_name_gets_its_logical_id_and_says_so() -> None:
    found = run("""
Resources:
  Mesh: {Type: AWS::AppMesh::Mesh}
  Cart: {Type: AWS::AppMesh::VirtualRouter, Properties: {MeshName: !GetAtt Mesh.MeshName, Spec: {}}}
""")
    assert [str(r.key) for r in found.resources] == ["mesh/Mesh", "mesh/Mesh/virtualRouter/Cart"]
    assert [(p.code, p.severity, p.line) for p in found.problems] == [
        ("import-name-made", Severity.WARNING, 3),
        ("import-name-made", Severity.WARNING, 4),
    ]


def test_ref_of_a_mesh_is_taken_for_its_name_with_a_warning() -> None:
    found = run("""
Resources:
  Mesh: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: shop}}
  R: {Type: AWS::AppMesh::VirtualRouter, Properties: {MeshName: !Ref Mesh, VirtualRouterName: r,
    MeshOwner: 1234, Spec: {}}}
""")
    assert [str(r.key) for r in found.resources] == ["mesh/shop", "mesh/shop/virtualRouter/r"]
    assert {(p.code, p.severity) for p in found.problems} == {
        ("import-ref", Severity.WARNING),
        ("import-dropped", Severity.WARNING),
    }


def test_conditions_leave_out_resources_properties_and_items() -> None:
    found = run("""
Conditions: {No: !Equals [a, b], Yes: !Equals [a, a]}
Resources:
  Gone: {Type: AWS::AppMesh::Mesh, Condition: No, Properties: {MeshName: gone}}
  Here: {Type: AWS::AppMesh::Mesh, Condition: Yes, Properties: {MeshName: here,
    Spec: !If [No, {EgressFilter: {Type: ALLOW_ALL}}, !Ref AWS::NoValue]}}
  R: {Type: AWS::AppMesh::VirtualRouter, Properties: {MeshName: here, VirtualRouterName: r, Spec: {
    Listeners: [!If [No, {PortMapping: {Port: 1, Protocol: tcp}}, !Ref AWS::NoValue],
                {PortMapping: {Port: 0, Protocol: http}}]}}}
""")
    assert [str(r.key) for r in found.resources] == ["mesh/here"]
    (problem,) = found.problems
    # The first item is gone, but the second is still found where it was written.
    assert problem.where == "$.Resources.R.Properties.Spec.Listeners[1].PortMapping.Port"
    assert (problem.code, problem.line) == ("out-of-range", 9)


def test_what_a_condition_does_not_need_to_be_settled_is_not_asked_for() -> None:
    found = run("""
Parameters: {P: {Type: String}}
Conditions:
  Or: !Or [!Equals [a, a], !Equals [!Ref P, x]]
  And: !And [!Equals [a, b], !Equals [!Ref P, x]]
Resources:
  M: {Type: AWS::AppMesh::Mesh, Condition: Or, Properties: {MeshName: shop}}
  N: {Type: AWS::AppMesh::Mesh, Condition: And, Properties: {MeshName: gone}}
""")
    assert found.problems == ()
    assert [r.key.mesh for r in found.resources] == ["shop"]


def test_parameters_are_held_to_their_allowed_values_and_lookups_are_asked_for() -> None:
    template = """
Parameters:
  Size: {Type: String, AllowedValues: [small, 2], Default: huge}
  Host: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /shop/host}
Resources:
  A: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: !Ref Size}}
  B: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: !Ref Host}}
"""
    found = run(template)
    assert [(p.code, p.line) for p in found.problems] == [
        ("import-template", 3),
        ("import-parameter", 4),
    ]
    answered = run(template, parameters={"Size": "2", "Host": "h", "Siez": "3"})
    assert [r.key.mesh for r in answered.resources] == ["2", "h"]
    assert answered.unused_parameters == ("Siez",)


def test_templates_given_together_know_each_others_exports() -> None:
    base = """
Parameters: {Env: {Type: String, Default: prod}}
Resources: {Mesh: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: !Sub '${Env}-mesh'}}}
Outputs: {M: {Value: !GetAtt Mesh.MeshName, Export: {Name: !Sub '${Env}:Mesh'}}}
"""
    middle = """
Resources: {Lb: {Type: AWS::Other::Thing}}
Outputs: {M: {Value: !Sub ['${A}', {A: !ImportValue 'prod:Mesh'}], Export: {Name: again}}}
"""
    top = """
Resources:
  R: {Type: AWS::AppMesh::VirtualRouter, Properties: {MeshName: !ImportValue again,
    VirtualRouterName: r, Spec: {}}}
"""
    files = {"top.yaml": top, "middle.yaml": middle, "base.yaml": base}
    found = import_files({path: text.encode() for path, text in files.items()}, Answers())
    assert found.problems == ()
    assert [str(r.key) for r in found.resources] == [
        "mesh/prod-mesh",
        "mesh/prod-mesh/virtualRouter/r",
    ]
    assert found.passed_over == {"AWS::Other::Thing": 1}
    alone = run(top)
    assert [p.code for p in alone.problems] == ["import-value"]


@pytest.mark.parametrize(
    "template",
    [
        "Resources: {'Fn::ForEach::M': [N, [a], {'${N}': {}}]}",
        "Resources:\n  M: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: m, Spec: "
        "{'Fn::Transform': {Name: AWS::Include}}}}",
    ],
)
def test_what_macros_make_is_to_be_had_from_cloudformation(template: str) -> None:
    (problem,) = run(template).problems
    assert problem.code == "import-undecided"
    assert "--template-stage Processed" in problem.hint


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("Transform: Mine", [1]),
        ("Transform:\n- AWS::Serverless-2016-10-31\n- Mine\n- {Name: Other}", [3, 4]),
        ("Transform: {Name: AWS::Include, Parameters: {Location: s3://a/b}}", [1]),
        ("Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://a/b}}", [1]),
        ("Transform: [AWS::LanguageExtensions, AWS::CodeDeployBlueGreen]", []),
        ("Transform: 7", []),
    ],
)
def test_a_macro_of_the_whole_template_is_warned_of(written: str, lines: list[int]) -> None:
    template = "Resources: {M: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: m}}}"
    found = run(f"{written}\n{template}\n")
    assert [str(r.key) for r in found.resources] == ["mesh/m"]
    assert [(p.code, p.line, p.severity) for p in found.problems] == [
        ("import-macro", line, Severity.WARNING) for line in lines
    ]
    assert all("--template-stage Processed" in p.hint for p in found.problems)


def test_a_template_inside_an_answer_is_read_there() -> None:
    inside = {"Resources": {"M": {"Type": "AWS::AppMesh::Mesh", "Properties": {"MeshName": "a"}}}}
    found = run(json.dumps({"TemplateBody": inside, "StagesAvailable": []}), "t.json")
    assert found.problems == ()
    assert [str(resource.key) for resource in found.resources] == ["mesh/a"]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(resources(*APP_MESH_KINDS), st.booleans())
def test_whatever_a_spec_says_comes_back_from_a_template(original: Resource, words: bool) -> None:
    found = run(json.dumps({"Resources": {"It": templated(original, words)}}), "t.json")
    (only,) = found.resources
    assert (only.key, only.spec) == (original.key, original.spec)


def templated(resource: Resource, words: bool) -> dict[str, Any]:
    """Return a resource as CloudFormation spells it, numbers as words if asked."""
    body = native_document(resource)
    kind = body.pop("kind")
    return {"Type": f"AWS::AppMesh::{kind}", "Properties": spelt(body, words)}


def spelt(value: Any, words: bool) -> Any:
    if isinstance(value, dict):
        return {_capital(key): spelt(part, words) for key, part in value.items()}
    if isinstance(value, list):
        return [spelt(part, words) for part in value]
    if words and isinstance(value, bool | int):
        return str(value).lower()
    return value


def _capital(name: str) -> str:
    acronyms = ("acm", "dns", "grpc", "http", "http2", "sds", "tcp", "tls")
    if name == "awsCloudMap":
        return "AWSCloudMap"
    return name.upper() if name in acronyms else name[:1].upper() + name[1:]


def test_json_templates_are_the_same() -> None:
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "M": {
                "Type": "AWS::AppMesh::Mesh",
                "Properties": {"MeshName": {"Ref": "AWS::StackName"}},
            }
        },
    }
    for name in ("t.json", "t.template"):
        found = run(json.dumps(template), name, parameters={"AWS::StackName": "shop"})
        assert [str(r.key) for r in found.resources] == ["mesh/shop"]


def test_one_resource_defined_twice_names_both_places() -> None:
    found = run("""
Resources:
  A: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: shop}}
  B: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: shop}}
""")
    (problem,) = found.problems
    assert (problem.code, problem.line) == ("duplicate-resource", 4)
    assert "t.yaml:3" in problem.message


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("Resources: {M: &m {Type: AWS::AppMesh::Mesh}, N: *m}", "alias"),
        ("Resources: {M: {Type: AWS::AppMesh::Mesh, Type: x}}", "duplicate-key"),
        (
            "Resources: {M: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: !!binary aGk=}}}",
            "tag",
        ),
        ("Resources: {M: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: !Ref}}", "syntax"),
        ("Resources: " + "{a: !Sub " * 200, "too-deep"),
        ("Resources: {M: {Type: AWS::AppMesh::Mash}}", "import-template"),
        ("Resources: {M: hello}", "import-template"),
        ("Resources: {'Fn::ForEach::M': [N, [a], {'${N}': {}}]}", "import-undecided"),
        ("Resources: {'Fn::Transform': {Name: AWS::Include}}", "import-undecided"),
        (
            "Resources: {M: {Type: AWS::AppMesh::Mesh,\n"
            "  Properties: {MeshName: !Sub '${M.MeshName}'}}}",
            "import-template",
        ),
        (
            "Conditions: {C: !Not [!Condition D], D: !Not [!Condition C]}\n"
            "Resources: {M: {Type: AWS::AppMesh::Mesh, Condition: C}}",
            "import-template",
        ),
    ],
)
def test_hostile_templates_are_problems(template: str, code: str) -> None:
    assert code in {problem.code for problem in run(template).problems}


def test_a_template_that_doubles_a_text_again_and_again_is_bounded() -> None:
    names = [f"N{i}" for i in range(60)]
    rows = ["  N0: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: xxxxxxxxxxxxxxxx}}"]
    for before, name in pairwise(names):
        twice = f"!Sub '${{{before}.MeshName}}${{{before}.MeshName}}'"
        rows.append(f"  {name}: {{Type: AWS::AppMesh::Mesh, Properties: {{MeshName: {twice}}}}}")
    found = run("Resources:\n" + "\n".join(rows))
    assert "import-undecided" in {problem.code for problem in found.problems}


def test_a_template_that_multiplies_lists_is_bounded() -> None:
    part = ", ".join(["x"] * 2000)
    uses = ", ".join(["!FindInMap [A, b, c]"] * 2000)
    found = run(
        f"Mappings: {{A: {{b: {{c: [{part}]}}}}}}\n"
        f"Resources: {{M: {{Type: AWS::AppMesh::Mesh, Properties: {{Spec: [{uses}]}}}}}}"
    )
    assert [p.code for p in errors(found.problems)] == ["import-template"]
