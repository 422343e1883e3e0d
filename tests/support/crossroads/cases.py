"""Tables of matches of routes and gateway routes, with requests that match or do not.

The same table is used for routes and for gateway routes, for HTTP/1.1 and for HTTP/2; headers and
gRPC metadata share theirs. Each case has its own path or gRPC service.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mesh.canonical import Json, JsonObject
from tests.support.crossroads.calls import Request

PROTOCOLS: Final = ("http", "http2", "grpc")


@dataclass(frozen=True)
class Case:
    """A match, and requests that differ only in what it tests."""

    name: str
    match: JsonObject
    hits: tuple[Request, ...]
    misses: tuple[Request, ...]


@dataclass(frozen=True)
class Pair:
    """Two routes that both match a request: the first must get it.

    By name alone the second would be tried first, except in the pair in which the name decides.
    """

    name: str
    winner: JsonObject
    loser: JsonObject
    request: Request
    priorities: tuple[int | None, int | None] = (None, None)
    by_name: bool = False

    def sides(self) -> Iterator[tuple[str, str, JsonObject, int | None]]:
        """Yield both routes: name, whether it leads to ``two`` or ``one``, match and priority."""
        names = ("a", "z") if self.by_name else ("z", "a")
        yield f"{names[0]}-{self.name}", "two", self.winner, self.priorities[0]
        yield f"{names[1]}-{self.name}", "one", self.loser, self.priorities[1]


def anywhere(protocol: str, name: str) -> JsonObject:
    """Return a match of everything below a case's path or gRPC service."""
    return {"serviceName": f"test.{name}"} if protocol == "grpc" else {"prefix": f"/{name}/"}


def a_request(protocol: str, name: str, rest: str = "Call") -> Request:
    """Return a request below it."""
    grpc = protocol == "grpc"
    return Request(f"/test.{name}/{rest}" if grpc else f"/{name}/{rest}")


def cases(protocol: str) -> Sequence[Case]:
    """Return every case of a protocol."""
    own = _grpc_cases() if protocol == "grpc" else _http_cases(protocol)
    return (*_header_cases(protocol), *own)


_HEADERS: Final[Sequence[tuple[str, JsonObject, Sequence[str | None], Sequence[str | None]]]] = (
    ("exact", {"match": {"exact": "blue"}}, ["blue"], ["bluer", "Blue", None]),
    ("prefix", {"match": {"prefix": "bl"}}, ["bl", "black"], ["ebl", None]),
    ("suffix", {"match": {"suffix": "ue"}}, ["true"], ["truer", None]),
    ("regex", {"match": {"regex": "b[a-z]+e"}}, ["blue"], ["be", "a blue one", None]),
    (
        "range",
        {"match": {"range": {"start": -1, "end": 20}}},
        ["-1", "19"],
        ["20", "-2", "x", None],
    ),
    ("present", {}, ["", "anything"], [None]),
    ("absent", {"invert": True}, [None], ["", "anything"]),
    ("not-exact", {"match": {"exact": "blue"}, "invert": True}, ["red"], ["blue", None]),
    ("not-range", {"match": {"range": {"start": 1, "end": 3}}, "invert": True}, ["3", "x"], ["2"]),
)
"""Name, matcher, values that match and that do not; None is a request without the header."""


def _header_cases(protocol: str) -> Sequence[Case]:
    field = "metadata" if protocol == "grpc" else "headers"

    def request(name: str, value: str | None) -> Request:
        plain = a_request(protocol, name)
        return plain if value is None else replace(plain, headers=((f"x-{name}", value),))

    return [
        Case(
            name,
            # Names have no case, whatever the case in a spec.
            {**anywhere(protocol, name), field: [{"name": f"X-{name}", **matcher}]},
            tuple(request(name, value) for value in hits),
            tuple(request(name, value) for value in misses),
        )
        for name, matcher, hits, misses in _HEADERS
    ]


def _http_cases(protocol: str) -> Sequence[Case]:
    def under(name: str, **match: Json) -> JsonObject:
        return {**anywhere(protocol, name), **match}

    def ask(name: str, rest: str = "Call", **more: str) -> Request:
        return replace(a_request(protocol, name, rest), **more)  # type: ignore[arg-type]

    both: list[Json] = [{"name": "a"}, {"name": "b", "match": {"exact": "2"}}]
    return [
        _pseudo(protocol, ":method", {"exact": "PUT"}, {"method": "PUT"}),
        _pseudo(protocol, "Host", {"regex": ".*:[0-9]+"}, {"authority": "{host}:{port}"}),
        _pseudo(protocol, ":authority", {"regex": ".*:[0-9]+"}, {"authority": "{host}:{port}"}),
        Case(
            "path-header",
            under("path-header", headers=[{"name": ":path", "match": {"suffix": "?deep"}}]),
            (ask("path-header", "x?deep"),),
            (ask("path-header", "x"),),
        ),
        Case(
            "method",
            under("method", method="PUT"),
            (ask("method", method="PUT"),),
            (ask("method"),),
        ),
        Case(
            "query",
            under("query", queryParameters=both),
            (ask("query", "?a&b=2"), ask("query", "?b=2&a=1&c")),
            (ask("query", "?a&b=3"), ask("query", "?b=2"), ask("query")),
        ),
        Case(
            "exact-path",
            {"path": {"exact": "/exact-path/here"}},
            (ask("exact-path", "here"), ask("exact-path", "here?q")),
            (ask("exact-path", "here/"), ask("exact-path", "her")),
        ),
        Case(
            "regex-path",
            {"path": {"regex": "/regex-path/[0-9]+"}},
            (ask("regex-path", "42"), ask("regex-path", "42?q")),
            (ask("regex-path", "42/x"), ask("regex-path", "x")),
        ),
        Case(
            "prefix-path",
            {"prefix": "/prefix-path/long"},
            (ask("prefix-path", "long"), ask("prefix-path", "longer/x")),
            (ask("prefix-path", "lon"),),
        ),
        Case(
            "everything",
            under("everything", method="PUT", queryParameters=both[:1], headers=[{"name": "x-e"}]),
            (ask("everything", "?a", method="PUT").having(x_e=""),),
            (
                ask("everything", "?a").having(x_e=""),
                ask("everything", method="PUT").having(x_e=""),
                ask("everything", "?a", method="PUT"),
            ),
        ),
    ]


def _pseudo(protocol: str, name: str, match: JsonObject, hit: dict[str, str]) -> Case:
    """Return a case for a pseudo-header, or the host, written like a header."""
    place = f"{name.strip(':')}-header"
    plain = a_request(protocol, place)
    return Case(
        place,
        {**anywhere(protocol, place), "headers": [{"name": name, "match": match}]},
        (replace(plain, **hit),),  # type: ignore[arg-type]
        (plain,),
    )


def _grpc_cases() -> Sequence[Case]:
    both: list[Json] = [{"name": "x-a"}, {"name": "x-b", "match": {"exact": "2"}}]
    plain = a_request("grpc", "both")
    return [
        Case(
            "service",
            {"serviceName": "test.service.Own"},
            (a_request("grpc", "service.Own"), a_request("grpc", "service.Own", "Other")),
            (a_request("grpc", "service.Owner"), a_request("grpc", "service")),
        ),
        Case(
            "both",
            {"serviceName": "test.both", "metadata": both},
            (plain.having(x_a="", x_b="2"),),
            (plain.having(x_a=""), plain.having(x_b="2"), plain.having(x_a="", x_b="3")),
        ),
    ]


def route_cases(protocol: str) -> Sequence[Case]:
    """Return cases for matches that only routes have: gRPC methods, and the scheme."""
    if protocol == "grpc":
        method: JsonObject = {"serviceName": "test.rpc", "methodName": "Call"}
        others = (a_request("grpc", "rpc", "Calls"), a_request("grpc", "rpc", "Cal"))
        return [Case("rpc", method, (a_request("grpc", "rpc"),), others)]
    header: Json = [{"name": ":scheme", "match": {"exact": "https"}}]
    return [
        _scheme_case(protocol, "scheme", {"scheme": "https"}),
        _scheme_case(protocol, "scheme-header", {"headers": header}),
    ]


def _scheme_case(protocol: str, name: str, match: JsonObject) -> Case:
    """Return a case for the scheme: HTTP/2 sends it; with HTTP/1.1 the TLS terminator adds it."""
    plain = a_request(protocol, name)
    secure = replace(plain, scheme="https")
    hit = plain.having(x_forwarded_proto="https") if protocol == "http" else secure
    return Case(name, {**anywhere(protocol, name), **match}, (hit,), (plain,))


def pairs(protocol: str) -> Sequence[Pair]:
    """Return pairs for each rule of the matching order, in the order of the rules."""
    return _grpc_pairs() if protocol == "grpc" else _http_pairs()


def _http_pairs() -> Sequence[Pair]:
    def pair(name: str, winner: JsonObject, loser: JsonObject, rest: str = "") -> Pair:
        place = f"/first-{name}/"
        return Pair(name, _at(place, winner), _at(place, loser), Request(place + rest))

    header: Json = [{"name": "x-here", "invert": True}]
    query: Json = [{"name": "q"}]
    short: JsonObject = {"prefix": ""}
    exact: JsonObject = {"path": {"exact": "long"}}
    return [
        replace(pair("zero", short, exact, "long"), priorities=(0, 1)),
        replace(pair("number", short, exact, "long"), priorities=(9, 10)),
        replace(pair("none", short, exact, "long"), priorities=(1000, None)),
        pair("longest-prefix", {"prefix": "long"}, {"prefix": "lo"}, "longer"),
        pair("exact-path", exact, {"path": {"regex": "[a-z]{2,99}"}}, "long"),
        pair("regex-path", {"path": {"regex": "l.*"}}, {"prefix": "longe"}, "longer"),
        pair("longer-path", {"prefix": "long"}, {"prefix": "l", "headers": header}, "long"),
        pair("a-method", {"prefix": "", "method": "GET"}, short),
        pair("a-header", {"prefix": "", "headers": header}, short),
        pair("a-parameter", {"prefix": "", "queryParameters": query}, short, "?q"),
        pair(
            "more", {"prefix": "", "method": "GET", "headers": header}, {**short, "method": "GET"}
        ),
        replace(pair("a-name", short, short), by_name=True),
    ]


def _at(place: str, match: JsonObject) -> JsonObject:
    found: JsonObject = {**match}
    if "prefix" in match:
        found["prefix"] = f"{place}{match['prefix']}"
    if isinstance(path := match.get("path"), dict):
        found["path"] = {kind: f"{place}{text}" for kind, text in path.items()}
    return found


def _grpc_pairs() -> Sequence[Pair]:
    def pair(name: str, winner: JsonObject, loser: JsonObject, rest: str = "Call") -> Pair:
        place: JsonObject = {"serviceName": f"test.first.{name}"}
        return Pair(
            name,
            {**place, **winner},
            {**place, **loser},
            a_request("grpc", f"first.{name}", rest),
        )

    metadata: Json = [{"name": "x-here", "invert": True}]
    more: Json = [{"name": "x-here", "invert": True}, {"name": "x-there", "invert": True}]
    return [
        replace(pair("zero", {}, {"metadata": metadata}), priorities=(0, 1)),
        replace(pair("number", {}, {"metadata": metadata}), priorities=(9, 10)),
        replace(pair("none", {}, {"metadata": metadata}), priorities=(1000, None)),
        pair("metadata", {"metadata": metadata}, {}),
        pair("more", {"metadata": more}, {"metadata": metadata}),
        replace(pair("name", {}, {}), by_name=True),
    ]


def grpc_route_pairs() -> Sequence[Pair]:
    """Return pairs for rules that only gRPC routes have: methods, and calls of any service."""
    chosen: Json = [{"name": "x-any"}]
    return [
        Pair(
            "method",
            {"serviceName": "test.first.method", "methodName": "Call"},
            {"serviceName": "test.first.method", "metadata": [{"name": "x-here", "invert": True}]},
            a_request("grpc", "first.method"),
        ),
        Pair(
            "service",
            {"serviceName": "test.first.service"},
            {"metadata": chosen},
            a_request("grpc", "first.service").having(x_any=""),
        ),
    ]
