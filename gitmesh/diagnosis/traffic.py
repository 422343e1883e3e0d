"""Problems that reported traffic shows. Pure.

Figures are sums over all callers, by target node. Each rule asks for a least number of requests,
and for an interval of confidence that excludes chance, so a few requests are never a problem.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from gitmesh.diagnosis.finding import Finding, Severity
from gitmesh.language import ENGLISH, Words
from gitmesh.traffic.figures import Figures
from gitmesh.traffic.statistics import difference, share
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.ports import usable_targets
from mesh.graph.references import provider_key
from mesh.keys import Kind, ResourceKey
from mesh.spec import RouteSpec, VirtualServiceSpec

ENOUGH: Final = 50
"""Requests from which a target is judged."""
SUCCESS: Final = 0.99
"""A target with less success than this, beyond chance, is failing."""
DOWN: Final = 0.05
"""A service all of whose targets succeed less often than this is down."""
WORSE: Final = 0.005
"""A target is worse than the one with the largest weight if its success is lower by this much."""
OFF: Final = 0.05
"""Share of requests by which a target may miss its weight."""

_LEAST: Final = 1e-5
"""Smallest share that is told; a smaller one is an artefact of rounding."""

Targets = Mapping[ResourceKey, Figures]


def traffic_findings(
    graph: MeshGraph,
    services: Mapping[ResourceKey, frozenset[ResourceKey]],
    targets: Targets,
    words: Words = ENGLISH,
) -> Iterator[Finding]:
    """Yield what is wrong with the traffic of a time.

    :param services: the virtual nodes to which each virtual service leads.
    :param targets: figures of the virtual nodes that got requests, of one commit: weights must not
        have changed within the time.
    """
    down = set[ResourceKey]()
    for service, nodes in services.items():
        seen = [targets[node] for node in nodes if node in targets and _is_judged(targets[node])]
        if seen and all(_success(each) < DOWN for each in seen):
            down |= nodes
            yield _down(service, seen, words)
    for node, figures in targets.items():
        if node not in down and _is_judged(figures) and _at_most(figures) < SUCCESS:
            yield _failing(node, figures, words)
    routes = _routes(graph)
    for route, shares in routes.items():
        yield from _worse(route, shares, targets, words)
    for route in _with_own_targets(graph, routes):
        yield from _route(route, routes[route], targets, words)


def _is_judged(figures: Figures) -> bool:
    return figures.answered.number >= ENOUGH and figures.success is not None


def _at_most(figures: Figures) -> float:
    return 0.0 if figures.success is None else figures.success.high


def _success(figures: Figures) -> float:
    return 0.0 if figures.success is None else figures.success.value


def _down(service: ResourceKey, seen: Sequence[Figures], words: Words) -> Finding:
    number = sum(each.answered.number for each in seen)
    failed = sum(each.answered.failed for each in seen)
    return Finding(
        "service-down",
        Severity.ERROR,
        str(service),
        words._("hardly any request to {service} succeeds, at none of its targets").format(
            service=service.name
        ),
        (
            words._("{failed} of {number} requests failed").format(
                failed=words.number(failed), number=words.number(number)
            ),
        ),
        f"gitmesh who-calls {service.name} --since 15m",
    )


def _failing(node: ResourceKey, figures: Figures, words: Words) -> Finding:
    return Finding(
        "target-failing",
        Severity.ERROR,
        str(node),
        words._("{share} of the requests to {node} fail").format(
            share=_percent(1 - _success(figures)), node=node.name
        ),
        (_evidence(figures, words),),
        "gitmesh traffic --since 15m",
    )


def _route(
    route: ResourceKey, shares: Mapping[ResourceKey, float], targets: Targets, words: Words
) -> Iterator[Finding]:
    """Yield what is wrong between the targets of a route to which no other route leads."""
    counted = {node: targets[node].answered.number if node in targets else 0 for node in shares}
    whole = sum(counted.values())
    if whole < ENOUGH:
        return
    off = [node for node, wanted in shares.items() if _is_off(counted[node], whole, wanted)]
    idle = [node for node in off if not counted[node]]
    for node in idle:
        yield Finding(
            "target-idle",
            Severity.WARNING,
            str(route),
            words._("{node} has {share} of route {route}, and gets no requests").format(
                node=node.name, share=_percent(shares[node]), route=route.name
            ),
            (words._("{number} requests took the route").format(number=words.number(whole)),),
            f"gitmesh blame {route}",
        )
    if off and not idle:
        # If one target gets too much, others get too little: one of them is enough.
        node = min(off, key=lambda each: (shares[each], each))
        yield Finding(
            "weight-not-followed",
            Severity.WARNING,
            str(route),
            words._("{node} has {share} of route {route}, and gets {seen} of its requests").format(
                node=node.name,
                share=_percent(shares[node]),
                route=route.name,
                seen=_percent(counted[node] / whole),
            ),
            (
                words._("{number} of {whole} requests").format(
                    number=words.number(counted[node]), whole=words.number(whole)
                ),
            ),
            "gitmesh proxies",
        )


def _is_off(number: int, whole: int, wanted: float) -> bool:
    seen = share(number, whole)
    if seen is None or abs(seen.value - wanted) < OFF:
        return False
    return not seen.low <= wanted <= seen.high


def _worse(
    route: ResourceKey, shares: Mapping[ResourceKey, float], targets: Targets, words: Words
) -> Iterator[Finding]:
    judged = {n: targets[n] for n in shares if n in targets and _is_judged(targets[n])}
    if len(judged) < 2:
        return
    baseline = max(judged, key=lambda node: (shares[node], node))
    for node, figures in judged.items():
        changed = difference(judged[baseline].success, figures.success)
        if node != baseline and changed is not None and changed.high < -WORSE:
            yield Finding(
                "target-worse",
                Severity.WARNING,
                str(route),
                words._("{node} fails more often than {other} of the same route").format(
                    node=node.name, other=baseline.name
                ),
                (
                    f"{node.name}: {_evidence(figures, words)}",
                    f"{baseline.name}: {_evidence(judged[baseline], words)}",
                ),
                f"gitmesh blame {route}",
            )


def _routes(graph: MeshGraph) -> Mapping[ResourceKey, Mapping[ResourceKey, float]]:
    """Return the routes with several targets, and the weight of each target as a share."""
    found = dict[ResourceKey, Mapping[ResourceKey, float]]()
    for key, resource in graph.resources.items():
        if isinstance(resource.spec, RouteSpec):
            weights = _weights(graph, key, resource.spec)
            if len(weights) > 1 and (whole := weights.total()):
                found[key] = {node: weight / whole for node, weight in weights.items()}
    return found


def _with_own_targets(
    graph: MeshGraph, routes: Mapping[ResourceKey, Mapping[ResourceKey, float]]
) -> Iterator[ResourceKey]:
    """Yield the routes to whose targets nothing else leads, because proxies count by target."""
    led = Counter[ResourceKey]()
    for key, resource in graph.resources.items():
        match resource.spec:
            case RouteSpec() as spec:
                led.update(_weights(graph, key, spec).keys())
            case VirtualServiceSpec() as spec:
                led.update(filter(None, [provider_key(key.mesh, spec)]))
    for key, shares in routes.items():
        if all(led[node] == 1 for node in shares):
            yield key


def _weights(graph: MeshGraph, route: ResourceKey, spec: RouteSpec) -> Counter[ResourceKey]:
    """Return the weight of each target; targets with several ports count once."""
    found = Counter[ResourceKey]()
    for each in usable_targets(graph, route.mesh, spec):
        found[_node(route.mesh, each.virtual_node)] += each.weight
    return found


def reporting_findings(
    silent: Iterable[tuple[str, int]], words: Words = ENGLISH
) -> Iterator[Finding]:
    """Yield the nodes whose connected proxies report nothing, each with their number."""
    for node, proxies in silent:
        yield Finding(
            "no-reports",
            Severity.NOTE,
            node,
            words._("{proxies} connected proxies of {node} report no traffic").format(
                proxies=proxies, node=node
            ),
            (words._("proxies with an older bootstrap file, or --no-reports, do not report"),),
            f"gitmesh bootstrap --node {node}",
        )


def _node(mesh: str, name: str) -> ResourceKey:
    return ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name)


def _percent(value: float) -> str:
    return f"{100 * value if value > _LEAST else 0:.3g} %"


def _evidence(figures: Figures, words: Words) -> str:
    answered, success = figures.answered, figures.success
    said = words._("{failed} of {number} requests failed ({low} to {high})")
    if answered.basis == "attempts":
        said = words._("{failed} of {number} attempts failed ({low} to {high})")
    return said.format(
        failed=words.number(answered.failed),
        number=words.number(answered.number),
        low=_percent(0.0 if success is None else 1 - success.high),
        high=_percent(1.0 if success is None else 1 - success.low),
    )
