"""Traffic settings in ``gitmesh.yaml``, and the warnings that they resolve."""

import pytest

from mesh.canonical import JsonObject
from mesh.graph.mesh_settings import MeshSettings, settings_from_json, settings_json
from mesh.keys import Kind, ResourceKey
from mesh.linking import link, with_settings
from mesh.problems.problem import Problem
from mesh.resource import Resource
from mesh.settings import RepositorySettings, read_settings
from tests.support.meshes import a_mesh, resource

MAPPED = b"""\
root: meshes
certificates:
  arn:web: {file: {certificateChain: /tls/web.pem, privateKey: /tls/web.key}}
  arn:front: {sds: {secretName: front}}
authorities:
  arn:a: {file: {certificateChain: /tls/ca.pem}}
  arn:b: {file: {certificateChain: /tls/ca.pem}}
  arn:c: {sds: {secretName: c}}
egressToAws: true
"""


def read(text: bytes) -> MeshSettings:
    settings = read_settings(text)
    assert isinstance(settings, RepositorySettings), settings
    return settings.mesh


def acm(*arns: str) -> JsonObject:
    trust: JsonObject = {"acm": {"certificateAuthorityArns": list(arns)}}
    return {"tls": {"validation": {"trust": trust}}}


def node(certificate: str, authority: str, *own: str) -> Resource:
    tls: JsonObject = {"mode": "STRICT", "certificate": {"acm": {"certificateArn": certificate}}}
    listener: JsonObject = {"portMapping": {"port": 80, "protocol": "http"}, "tls": tls}
    backend: JsonObject = {"virtualServiceName": "b", "clientPolicy": acm(*own)}
    return resource(
        ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"),
        {
            "listeners": [listener],
            "serviceDiscovery": {"dns": {"hostname": "web"}},
            "backendDefaults": {"clientPolicy": acm(authority)},
            "backends": [{"virtualService": backend}],
        },
    )


def unmapped(problems: tuple[Problem, ...]) -> list[str]:
    found = [problem for problem in problems if problem.code == "unmapped-certificate"]
    return [problem.where.removeprefix("$.spec.") for problem in found]


CERTIFICATE = "listeners[0].tls.certificate.acm.certificateArn"
DEFAULT = "backendDefaults.clientPolicy.tls.validation.trust.acm.certificateAuthorityArns"
OWN = "backends[0].virtualService.clientPolicy.tls.validation.trust.acm.certificateAuthorityArns"


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        (node("arn:web", "arn:a", "arn:b", "arn:a"), []),
        (node("arn:front", "arn:c", "arn:c"), []),
        (node("arn:other", "arn:a", "arn:c"), [CERTIFICATE]),
        (node("arn:a", "arn:web", "arn:a"), [DEFAULT, CERTIFICATE]),
        # Authorities that are mapped apart cannot be believed together.
        (node("arn:web", "arn:a", "arn:a", "arn:c"), [OWN]),
        (node("arn:web", "arn:a", "arn:a", "arn:other"), [OWN]),
    ],
)
def test_what_settings_map_to_nothing_is_warned_about(spec: Resource, found: list[str]) -> None:
    graph = with_settings(link([a_mesh(), spec]), read(MAPPED))
    assert unmapped(graph.problems) == found
    assert unmapped(with_settings(graph, MeshSettings()).problems) == [DEFAULT, OWN, CERTIFICATE]


def test_a_gateways_certificate_is_warned_about_too() -> None:
    tls: JsonObject = {"mode": "STRICT", "certificate": {"acm": {"certificateArn": "arn:x"}}}
    listener: JsonObject = {"portMapping": {"port": 80, "protocol": "http"}, "tls": tls}
    key = ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front")
    gateway = resource(key, {"listeners": [listener]})
    assert unmapped(link([a_mesh(), gateway]).problems) == [CERTIFICATE]


def test_settings_come_back_from_the_log_as_they_were() -> None:
    settings = read(MAPPED)
    assert settings_from_json(settings_json(settings)) == settings
    assert settings_json(read(b"root: meshes\n")) == {}
    assert "root" not in settings_json(settings)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"certificates: {a: {}}", "$.certificates.a"),
        (b"certificates: {a: {sds: {secretName: x}, file: {certificateChain: a}}}", "$.certif"),
        (b"authorities: {a: {file: {certificateChain: a, privateKey: b}}}", "$.authorities.a"),
        (b"egressToAws: yes please", "$.egressToAws"),
        (b"certificate: {}", "$.certificate"),
    ],
)
def test_settings_that_are_wrong_say_where(text: bytes, where: str) -> None:
    problems = read_settings(text)
    assert isinstance(problems, list)
    assert problems
    assert all(problem.where.startswith(where) for problem in problems), problems
