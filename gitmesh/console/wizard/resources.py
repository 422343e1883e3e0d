"""The resources that answers become, and the question that each problem belongs to."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from gitmesh.console.wizard.answers import QUESTIONS, Answers
from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import Problem

_INDEXED: Final = "$.spec.{protocol}Route.action.weightedTargets["
_FIELDS: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.MESH: {"$.meshName": "mesh"},
    Kind.VIRTUAL_SERVICE: {"$.virtualServiceName": "service", "$.spec.provider": "router"},
    Kind.VIRTUAL_NODE: {
        "$.virtualNodeName": "node",
        "$.spec.serviceDiscovery": "hostname",
        "$.spec.backends": "backends",
        "$.spec.logging": "log",
        "$.spec.listeners[0].portMapping.protocol": "protocol",
        "$.spec.listeners[0].portMapping": "port",
        "$.spec.listeners[0].healthCheck.path": "health_path",
        "$.spec.listeners[0].healthCheck.intervalMillis": "health_interval",
        "$.spec.listeners[0].healthCheck.timeoutMillis": "health_timeout",
        "$.spec.listeners[0].healthCheck.healthyThreshold": "healthy",
        "$.spec.listeners[0].healthCheck.unhealthyThreshold": "unhealthy",
        "$.spec.listeners[0].healthCheck": "health",
        "$.spec.listeners": "port",
    },
    Kind.VIRTUAL_ROUTER: {"$.virtualRouterName": "router", "$.spec.listeners": "port"},
    Kind.ROUTE: {
        "$.routeName": "route",
        "$.spec.httpRoute.match": "prefix",
        "$.spec.http2Route.match": "prefix",
    },
}
"""Questions by the beginning of the JSON path of a problem; the first that fits counts."""


def keys_of(answers: Answers) -> dict[str, ResourceKey]:
    """Return the keys of the resources, by the question that names each; named ones only."""
    mesh, found = answers["mesh"], dict[str, ResourceKey]()
    if not mesh:
        return found
    found["mesh"] = ResourceKey.of_mesh(mesh)
    for question, kind in _NAMED.items():
        if answers[question]:
            found[question] = ResourceKey.of(kind, mesh, answers[question])
    if answers["router"] and answers["route"]:
        found["route"] = ResourceKey.of(Kind.ROUTE, mesh, answers["route"], answers["router"])
    return found


_NAMED: Final = {
    "service": Kind.VIRTUAL_SERVICE,
    "node": Kind.VIRTUAL_NODE,
    "router": Kind.VIRTUAL_ROUTER,
}


def specs_of(answers: Answers, until: str = "review") -> dict[ResourceKey, JsonObject]:
    """Return the spec of each resource that the answers until a step become.

    An invalid number stays as it was typed, so that validation reports it.
    """
    keys, steps = keys_of(answers), list(QUESTIONS)
    reached = steps.index(until)
    made: dict[str, JsonObject] = {"mesh": {}}
    made["service"] = _service(answers) if reached >= steps.index("route") else {}
    if reached >= steps.index("node"):
        made["node"] = _node(answers, with_listener=reached >= steps.index("listener"))
    if reached >= steps.index("route"):
        made["router"] = {"listeners": [_port(answers)]}
        made["route"] = _route(answers)
    return {keys[question]: spec for question, spec in made.items() if question in keys}


def _service(answers: Answers) -> JsonObject:
    if not answers["router"]:
        return {}
    return {"provider": {"virtualRouter": {"virtualRouterName": answers["router"]}}}


def _node(answers: Answers, *, with_listener: bool) -> JsonObject:
    spec: JsonObject = {}
    if with_listener:
        spec["listeners"] = [_listener(answers)]
    if answers["hostname"]:
        spec["serviceDiscovery"] = {"dns": {"hostname": answers["hostname"]}}
    if answers.backends:
        spec["backends"] = [
            {"virtualService": {"virtualServiceName": name}} for name in answers.backends
        ]
    if answers["log"]:
        spec["logging"] = {"accessLog": {"file": {"path": answers["log"]}}}
    return spec


def _port(answers: Answers) -> JsonObject:
    return {"portMapping": {"port": whole(answers["port"]), "protocol": answers["protocol"]}}


def _listener(answers: Answers) -> JsonObject:
    if not answers.checks_health:
        return _port(answers)
    check: JsonObject = {
        "protocol": answers["protocol"],
        "intervalMillis": whole(answers["health_interval"]),
        "timeoutMillis": whole(answers["health_timeout"]),
        "healthyThreshold": whole(answers["healthy"]),
        "unhealthyThreshold": whole(answers["unhealthy"]),
    }
    if answers.matches_prefix and answers["health_path"]:
        check["path"] = answers["health_path"]
    return {**_port(answers), "healthCheck": check}


def _route(answers: Answers) -> JsonObject:
    targets: list[Json] = [
        {"virtualNode": node, "weight": whole(weight)} for _, node, weight in answers.targets
    ]
    route: JsonObject = {}
    if answers.matches_prefix:
        route["match"] = {"prefix": answers["prefix"]}
    elif answers["protocol"] == "grpc":
        route["match"] = {}
    route["action"] = {"weightedTargets": targets}
    return {f"{answers['protocol']}Route": route}


def whole(text: str) -> Json:
    """Return a typed number; what is none stays text."""
    is_number = text.isascii() and text.lstrip("-").isdigit() and len(text) < 12
    return int(text) if is_number else text


def question_of(answers: Answers, key: ResourceKey, where: str) -> str:
    """Return the question that a problem of a resource belongs to; empty for none."""
    lead = _INDEXED.format(protocol=answers["protocol"])
    if key.kind is Kind.ROUTE and where.startswith(lead):
        index, _, rest = where.removeprefix(lead).partition("]")
        rows = [row for row, _, _ in answers.targets]
        at = rows[int(index)] if index.isdigit() and int(index) < len(rows) else 0
        return f"weight_{at}" if rest == ".weight" else f"target_{at}"
    if key.kind is Kind.ROUTE and where.startswith("$.spec") and "weightedTargets" in where:
        return "target_0"
    for start, question in _FIELDS.get(key.kind, {}).items():
        if where.startswith(start):
            return question
    return ""


def step_of(question: str) -> str:
    """Return the step that asks a question; the last one for none."""
    return next((step for step, names in QUESTIONS.items() if question in names), "review")


def placed(
    answers: Answers, found: Iterable[tuple[ResourceKey, Problem]]
) -> Mapping[str, tuple[Problem, ...]]:
    """Return problems by their question; those of no question by ``""``."""
    by_question: dict[str, list[Problem]] = {}
    for key, problem in found:
        by_question.setdefault(question_of(answers, key, problem.where), []).append(problem)
    return {question: tuple(problems) for question, problems in by_question.items()}


def missing(answers: Answers, step: str) -> Iterator[str]:
    """Yield the questions of a step that need an answer and have none."""
    needed = {"service": ("mesh", "service"), "node": ("node",), "listener": ("port",)}
    needed["route"] = ("router", "route", "target_0")
    yield from (name for name in needed.get(step, ()) if not answers[name])
