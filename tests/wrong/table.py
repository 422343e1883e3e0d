"""Wrong documents: each is a right one with one place spoiled, and the problem that names it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.wrong.right import KUBERNETES, NATIVE

Table = Mapping[tuple[str, str], Mapping[str, str]]
"""File and text in it → what stands there instead → the code of the problem.

What is before the last line of the text only says where it is. ``@`` and a text after the new one
say at which line the problem stands where that is not the first line that differs.
"""

_TYPES: Final = "wrong-type"
_RANGE: Final = "out-of-range"

_MESH_AND_SERVICE: Final[Table] = {
    ("mesh.yaml", "kind: Mesh"): {
        "kind: Mush": "unknown-kind",
        "kind: [Mesh]": "unknown-kind",
        "kind: Mesh\nkind: Mesh": "duplicate-key",
        "kind: &a Mesh": "alias",
        "kind: !!str Mesh": "tag",
        "\tkind: Mesh": "tab",
        "kind: Mesh\n? [a]\n: b": "key-not-text",
        "kind: 'Mesh": "syntax",
        "<<<<<<< a\nkind: Mesh\n=======\nkind: Mash\n>>>>>>> b": "merge-conflict",
        "kind: Mesh\ncolour: red": "unknown-field",
        "kind: Route": "missing-name",
    },
    ("mesh.yaml", "meshName: shop"): {
        "meshName: ''": "wrong-length",
        "meshName: 7": _TYPES,
        "meshName: {{ mesh }}": "template",
        "meshName:@kind:": "missing-name",
    },
    ("mesh.yaml", "spec:\n  egressFilter:\n    type: DROP_ALL\n  serviceDiscovery:"): {
        "spec:\n  egressFilter:\n    type: DROP_ALL\n  serviceDiscovery: []\n  x:": _TYPES,
    },
    ("mesh.yaml", "type: DROP_ALL"): {
        "type: drop_all": "not-one-of",
        "type: true": "not-one-of",
        "typ: DROP_ALL@egressFilter": "missing-field",
        "type: DROP_ALL\n    type: DROP_ALL": "duplicate-key",
    },
    ("mesh.yaml", "ipPreference: IPv4_ONLY"): {
        "ipPreference: IPv4": "not-one-of",
        "ippreference: IPv4_ONLY": "unknown-field",
        "ipPreference: [IPv4_ONLY]": "not-one-of",
    },
    ("service.yaml", "virtualServiceName: cart.shop.local"): {
        "virtualServiceName: 12": _TYPES,
        "virtualServicename: cart.shop.local": "unknown-field",
        "virtualServiceName: cart shop": "bad-hostname",
        "virtualServiceName: '*.local'": "bad-hostname",
    },
    ("service.yaml", "virtualRouterName: cart"): {
        "virtualRouterName: card": "dangling-reference",
        "virtualRouterName: ''": "wrong-length",
        "virtualRouterName: [cart]": _TYPES,
        "name: cart": "unknown-field",
        "virtualRouterName: cart\n    virtualNode:\n      virtualNodeName: web@provider:": (
            "exactly-one"
        ),
    },
    ("service.yaml", "    virtualRouter:"): {"    virtualrouter:": "unknown-field"},
}

_ROUTER: Final[Table] = {
    ("router.yaml", "port: 8080"): {
        "port: 0": _RANGE,
        "port: 65536": _RANGE,
        "port: '8080'": _TYPES,
        "port: 80.5": _TYPES,
        "port: 9000@port: 9000\n        protocol: grpc": "duplicate-port",
    },
    ("router.yaml", "protocol: http"): {
        "protocol: HTTP": "not-one-of",
        "protocol: udp": "not-one-of",
        "protocoll: http": "unknown-field",
        "protocol:": "not-one-of",
    },
    ("router.yaml", "virtualRouterName: cart"): {"virtualRouterName: []": _TYPES},
    ("router.yaml", "meshName: shop"): {"meshName: ship": "missing-mesh"},
}

_NODE: Final[Table] = {
    ("web.yaml", "virtualNodeName: web"): {
        "virtualNodeName: ''": "wrong-length",
        "virtualNodeName: [no]": _TYPES,
    },
    ("web.yaml", "enforce: true"): {
        "enforce: yes": _TYPES,
        "enforce: 'true'": _TYPES,
        "enforce: 1": _TYPES,
    },
    ("web.yaml", "ports:\n          - 8080"): {
        "ports:\n          - 0": _RANGE,
        "ports:\n          - http": _TYPES,
    },
    ("web.yaml", "certificateChain: /tls/web.pem"): {
        "certificateChain: ''": "wrong-length",
        "certificateChain: 4": _TYPES,
        "chain: /tls/web.pem": "unknown-field",
    },
    ("web.yaml", "privateKey: /tls/web.key"): {
        "privateKey: []": _TYPES,
        "privatekey: /tls/web.key": "unknown-field",
    },
    ("web.yaml", "- cart.shop.internal"): {"- ''": "wrong-length", "- 5": _TYPES},
    ("web.yaml", "secretName: authority"): {
        "secretname: authority": "unknown-field",
        "secretName: 3": _TYPES,
    },
    ("web.yaml", "  trust:\n            sds:"): {"  trust:\n            spiffe:": "unknown-field"},
    ("web.yaml", "virtualServiceName: cart.shop.local"): {
        "virtualServiceName: {}": _TYPES,
        "virtualService: cart.shop.local": "unknown-field",
        "virtualServiceName: cart.shop.local\n    - virtualService:\n"
        "        virtualServiceName: cart.shop.local@    virtualServiceName: cart.shop.local\n  "
        "listeners": "duplicate-backend",
    },
    ("web.yaml", "maxConnections: 10"): {
        "maxConnections: 0": _RANGE,
        "maxConnections: many": _TYPES,
        "maxRequests: 10": "unknown-field",
    },
    ("web.yaml", "maxPendingRequests: 5"): {
        "maxPendingRequests: -1": _RANGE,
        "maxPendingRequests: 1e3": _TYPES,
    },
    ("web.yaml", "connectionPool:\n        http:"): {
        "connectionPool:\n        tcp:@maxPendingRequests:": "unknown-field",
    },
    ("web.yaml", "healthCheck:\n        protocol: http"): {
        "healthCheck:\n        protocol: icmp": "not-one-of",
    },
    ("web.yaml", "path: /ping"): {"path: 7": _TYPES, "path: ping": "bad-path"},
    ("web.yaml", "path: /ping\n        port: 8080"): {
        "path: /ping\n        port: 8081": "wrong-port",
        "path: /ping\n        port: 70000": _RANGE,
    },
    ("web.yaml", "healthyThreshold: 3"): {
        "healthyThreshold: 1": _RANGE,
        "healthyThreshold: 11": _RANGE,
    },
    ("web.yaml", "unhealthyThreshold: 4"): {
        "unhealthyThreshold: 0": _RANGE,
        "unhealthyThreshold: '4'": _TYPES,
    },
    ("web.yaml", "intervalMillis: 7000"): {
        "intervalMillis: 4999": _RANGE,
        "intervalMillis: 7s": _TYPES,
    },
    ("web.yaml", "timeoutMillis: 2500"): {
        "timeoutMillis: 60001": _RANGE,
        "timeout: 2500": "unknown-field",
    },
    ("web.yaml", "interval:\n          value: 30"): {
        "interval:\n          value: -30": _RANGE,
        "interval:\n          value: 30s": _TYPES,
    },
    ("web.yaml", "value: 900\n          unit: ms"): {
        "value: 900\n          unit: us": "not-one-of",
        "value: 900\n          units: ms": "unknown-field",
    },
    ("web.yaml", "maxEjectionPercent: 50"): {
        "maxEjectionPercent: 101": _RANGE,
        "maxEjectionPercent: 50%": _TYPES,
    },
    ("web.yaml", "maxServerErrors: 6"): {"maxServerErrors: 0": _RANGE},
    ("web.yaml", "timeout:\n        http:"): {"timeout:\n        grpc:": "wrong-protocol"},
    ("web.yaml", "perRequest:\n            value: 20"): {
        "perRequest:\n            value: 1.5": _TYPES
    },
    ("web.yaml", "mode: STRICT"): {"mode: Strict": "not-one-of", "mode: on": "not-one-of"},
    ("web.yaml", "path: /dev/stdout"): {"path: ''": "wrong-length", "path: {a: b}": _TYPES},
    ("web.yaml", "- key: status"): {"- key: ''": "wrong-length", "- kay: status": "unknown-field"},
    ("web.yaml", "- key: path"): {"- key: status": "duplicate-log-key"},
    ("web.yaml", 'value: "%RESPONSE_CODE%"'): {
        'value: "%RESPONSE_CODE"': "bad-log-format",
        "value: 1": _TYPES,
    },
    ("web.yaml", "hostname: web.shop.internal"): {
        "hostname: web_shop internal": "bad-hostname",
        "hostname: 10": _TYPES,
        "hostName: web.shop.internal": "unknown-field",
        "hostname: ''": "bad-hostname",
    },
    ("web.yaml", "responseType: ENDPOINTS"): {"responseType: ENDPOINT": "not-one-of"},
    ("web.yaml", "ipPreference: IPv6_ONLY"): {"ipPreference: ipv6": "not-one-of"},
    ("cart-v1.yaml", "namespaceName: shop.local"): {
        "namespaceName: ''": "wrong-length",
        "namespace: a": "unknown-field",
    },
    ("cart-v1.yaml", "serviceName: cart"): {"serviceName: 5": _TYPES},
    ("cart-v1.yaml", "- key: version"): {
        "- key: ver sion": "wrong-pattern",
        "- key: ''": "wrong-length",
    },
    ("cart-v1.yaml", "value: v1"): {"value: é": "wrong-pattern", "value: 1": _TYPES},
    ("cart-v1.yaml", "  serviceDiscovery:"): {
        "  serviceDiscovery:\n    dns:\n      hostname: a.b@serviceDiscovery:": "exactly-one",
        "  servicediscovery:": "unknown-field",
    },
    ("cart-v1.yaml", "- portMapping:\n        port: 5432"): {
        "- portMapping:\n        port: 9000": "duplicate-port"
    },
}

_ROUTES: Final[Table] = {
    ("http.yaml", "routeName: http"): {
        "routeName: ''": "wrong-length",
        "routeNam: http@kind:": "missing-name",
    },
    ("http.yaml", "virtualRouterName: cart"): {"virtualRouterName: card": "dangling-reference"},
    ("http.yaml", "priority: 10"): {
        "priority: -1": _RANGE,
        "priority: 1001": _RANGE,
        "priority: high": _TYPES,
    },
    ("http.yaml", "httpRoute:"): {
        "httproute:": "unknown-field",
        "http2Route:": "protocol-mismatch",
        "httpRoute: {}\n  httpRoute:@httpRoute:\n    match:": "duplicate-key",
        "tcpRoute: {action: {weightedTargets: [{virtualNode: cart-v1, weight: 1}]}}\n"
        "  httpRoute:@spec:": "exactly-one",
    },
    ("http.yaml", "port: 8080"): {
        "port: 8099": "unknown-port",
        "port: 100000": _RANGE,
        "port: 5432@httpRoute:": "protocol-mismatch",
    },
    ("http.yaml", "prefix: /cart"): {
        "prefix: cart": "bad-path",
        "prefix: 1": _TYPES,
        "prefix: ''": "bad-path",
        "prefix: /cart\n      path:\n        exact: /a@match:": "at-most-one",
        "path:\n        regex: '['@regex: '['": "bad-regex",
        "path:\n        exact: a@exact: a": "bad-path",
        "path: {}": "exactly-one",
    },
    ("http.yaml", "method: GET"): {"method: get": "not-one-of", "method: BREW": "not-one-of"},
    ("http.yaml", "scheme: https"): {"scheme: ftp": "not-one-of", "schema: https": "unknown-field"},
    ("http.yaml", "- name: x-beta"): {
        "- name: ''": "wrong-length",
        "- name: x beta": "bad-header-name",
        "- nam: x": "unknown-field",
    },
    ("http.yaml", 'regex: "[a-z]+"'): {
        'regex: "[a-z+"': "bad-regex",
        'regex: "(?=a)"': "bad-regex",
        "regex: ''": "wrong-length",
        "regex: a\n            exact: b@match:\n            regex: a": "exactly-one",
        "contains: a": "unknown-field",
    },
    ("http.yaml", "invert: true"): {"invert: maybe": _TYPES, "inverted: true": "unknown-field"},
    ("http.yaml", "start: 10"): {"start: 30@range:": "empty-range", "start: ten": _TYPES},
    ("http.yaml", "end: 20"): {"end: 20.0": _TYPES, "stop: 20": "unknown-field"},
    ("http.yaml", "exact: one"): {"exact: 1": _TYPES, "prefix: one": "unknown-field"},
    ("http.yaml", "- virtualNode: cart-v1"): {
        "- virtualNode: cart-v2": "dangling-reference",
        "- virtualNode: ''": "wrong-length",
        "- virtualnode: cart-v1": "unknown-field",
    },
    ("http.yaml", "weight: 90"): {
        "weight: 101": _RANGE,
        "weight: -1": _RANGE,
        "weight: 9.5": _TYPES,
        "weight: '90'": _TYPES,
        "wieght: 90": "unknown-field",
        "weight: 0@weightedTargets:": "zero-weights",
    },
    ("http.yaml", "weight: 90\n          port: 8080"): {
        "weight: 90\n          port: 8081": "unknown-port",
        "weight: 90\n          port: 8080\n        - virtualNode: cart-v1\n          weight: 1\n"
        "          port: 8080@virtualNode: cart-v1\n          weight: 1\n": "duplicate-target",
        "weight: 90\n          port: 5432@- virtualNode:": "protocol-mismatch",
    },
    ("http.yaml", "maxRetries: 2"): {"maxRetries: -2": _RANGE, "maxRetries: two": _TYPES},
    ("http.yaml", "perRetryTimeout:\n        value: 250"): {
        "perRetryTimeout:\n        value: -1": _RANGE
    },
    ("http.yaml", "value: 250\n        unit: ms"): {"value: 250\n        unit: m": "not-one-of"},
    ("http.yaml", "- gateway-error"): {
        "- gateway-errors": "not-one-of",
        "- ''": "wrong-length",
        "- 503": _TYPES,
    },
    ("http.yaml", "- connection-error"): {
        "- reset": "not-one-of",
        "- connection-error\n        - connection-error@tcpRetryEvents:": "wrong-length",
    },
    ("grpc.yaml", "serviceName: shop.Cart"): {
        "serviceName: shop/Cart": "bad-grpc-name",
        "serviceName: 1": _TYPES,
    },
    ("grpc.yaml", "methodName: Add"): {
        "methodName: ''": "wrong-length",
        "methodName: A/B": "bad-grpc-name",
    },
    ("grpc.yaml", "- name: tenant"): {"- name: ten ant": "bad-header-name"},
    ("grpc.yaml", "exact: blue"): {"exact: ''": "wrong-length", "like: blue": "unknown-field"},
    ("grpc.yaml", "weight: 1"): {"weight: 200": _RANGE},
    ("grpc.yaml", "- unavailable"): {"- down": "not-one-of"},
    ("grpc.yaml", "match:\n      port: 9000"): {
        "match:\n      port: 8080@grpcRoute:": "protocol-mismatch"
    },
    ("tcp.yaml", "port: 5432"): {
        "prefix: /": "unknown-field",
        "port: 8080@tcpRoute:": "protocol-mismatch",
    },
    ("tcp.yaml", "value: 30"): {"value: -30": _RANGE},
    ("tcp.yaml", "timeout:\n      idle:"): {"timeout:\n      perRequest:": "unknown-field"},
}

_GATEWAY: Final[Table] = {
    ("gateway.yaml", "port: 8088"): {"port: 15001": "reserved-port", "port: -1": _RANGE},
    ("gateway.yaml", "protocol: http"): {
        "protocol: tcp": "not-one-of",
        "protocol: [http]": "not-one-of",
    },
    ("gateway.yaml", "maxConnections: 100"): {"maxConnections: 0": _RANGE},
    ("gateway.yaml", "connectionPool:\n        http:"): {
        "connectionPool:\n        https:": "unknown-field"
    },
    ("gateway.yaml", 'text: "%PROTOCOL%"'): {
        'text: "%PROTO"': "bad-log-format",
        "text: ''": "wrong-length",
        "xml: a": "unknown-field",
    },
    ("gateway-route.yaml", "virtualGatewayName: front"): {
        "virtualGatewayName: frond": "dangling-reference"
    },
    ("gateway-route.yaml", "priority: 5"): {"priority: 2000": _RANGE},
    ("gateway-route.yaml", "port: 8088"): {"port: 8089": "unknown-port"},
    ("gateway-route.yaml", "prefix: /cart/"): {
        "prefix: cart/": "bad-path",
        "path:\n        exact: /cart@prefix:\n          value": "rewrite-mismatch",
    },
    ("gateway-route.yaml", "exact: shop.example.com"): {
        "exact: ''": "wrong-length",
        "exact: '*.example.com'": "bad-hostname",
        "prefix: shop": "unknown-field",
    },
    ("gateway-route.yaml", "port: 8080"): {"port: 8081": "unknown-port"},
    ("gateway-route.yaml", "virtualServiceName: cart.shop.local"): {
        "virtualServiceName: card.shop.local": "dangling-reference",
        "virtualServiceName: ''": "wrong-length",
    },
    ("gateway-route.yaml", "defaultTargetHostname: DISABLED"): {
        "defaultTargetHostname: false": "not-one-of"
    },
    ("gateway-route.yaml", "value: /"): {
        "value: ''": "wrong-length",
        "value: new": "bad-path",
        "prefix: /": "unknown-field",
    },
}

_KUBERNETES: Final[Table] = {
    ("mesh.yaml", "apiVersion: appmesh.k8s.aws/v1beta2"): {
        "apiVersion: appmesh.k8s.aws/v2": "kubernetes-version"
    },
    ("mesh.yaml", "kind: Mesh"): {"kind: Mush": "unknown-kind", "kind: 3": "unknown-kind"},
    ("mesh.yaml", "name: shop"): {
        "name: ''": "missing-name",
        "nam: shop@metadata:": "missing-name",
    },
    ("mesh.yaml", "type: ALLOW_ALL"): {"type: ALL": "not-one-of", "type: 1": "not-one-of"},
    ("nodes.yaml", "port: 8080"): {
        "port: 0": _RANGE,
        "port: '8080'": _TYPES,
        "port: 80000": _RANGE,
    },
    ("nodes.yaml", "protocol: http"): {"protocol: HTTP": "not-one-of"},
    ("nodes.yaml", "path: /ping"): {"path: ping": "bad-path"},
    ("nodes.yaml", "healthyThreshold: 2"): {"healthyThreshold: 1": _RANGE},
    ("nodes.yaml", "intervalMillis: 5000"): {
        "intervalMillis: 5": _RANGE,
        "intervalMillis: 5s": _TYPES,
    },
    ("nodes.yaml", "timeoutMillis: 2000"): {"timeoutMillis: 1": _RANGE},
    ("nodes.yaml", "mode: STRICT"): {"mode: strict": "not-one-of"},
    ("nodes.yaml", "certificateChain: /tls/cart.pem"): {"certificateChain: ''": "wrong-length"},
    ("nodes.yaml", "hostname: cart.prod.svc.cluster.local"): {
        "hostname: a b": "bad-hostname",
        "hostname: []": _TYPES,
    },
    ("nodes.yaml", "name: cart\n  namespace: prod"): {"name: cart\n  namespace: [prod]": _TYPES},
    ("nodes.yaml", "virtualServiceRef:\n          name: cart"): {
        "virtualServiceRef:\n          name: 7@virtualServiceRef:": "missing-name"
    },
    ("cart.yaml", "awsName: cart.prod.svc.cluster.local"): {
        "awsName: cart prod": "bad-hostname",
        "awsName: []": "wrong-length",
    },
    ("cart.yaml", "virtualRouterRef:\n        name: cart"): {
        "virtualRouterRef:\n        name: card@virtualRouterRef:": "dangling-reference",
        "virtualRouterRef:\n        name: {}@virtualRouterRef:": "missing-name",
    },
    ("cart.yaml", "- name: all"): {"- name: ''": "missing-name", "- name: 1": "missing-name"},
    ("cart.yaml", "priority: 3"): {"priority: 3000": _RANGE, "priority: x": _TYPES},
    ("cart.yaml", "prefix: /"): {"prefix: cart": "bad-path", "prefix: {}": _TYPES},
    ("cart.yaml", "- name: x-beta"): {"- name: x beta": "bad-header-name"},
    ("cart.yaml", "exact: blue"): {"exact: ''": "wrong-length", "regex: '('": "bad-regex"},
    ("cart.yaml", "virtualNodeRef:\n                name: cart"): {
        "virtualNodeRef:\n                name: card@virtualNodeRef:": "dangling-reference",
        "virtualNodeRef:\n                name: []@virtualNodeRef:": "missing-name",
    },
    ("cart.yaml", "weight: 7"): {
        "weight: 700": _RANGE,
        "weight: '7'": _TYPES,
        "weight: 0@weightedTargets:": "zero-weights",
    },
    ("cart.yaml", "value: 15"): {"value: -15": _RANGE},
    ("cart.yaml", "value: 15\n            unit: s"): {
        "value: 15\n            unit: min": "not-one-of"
    },
    ("gateway.yaml", "port: 8088"): {"port: 15001": "reserved-port", "port: nine": _TYPES},
    ("gateway.yaml", "protocol: http"): {"protocol: tcp": "not-one-of"},
    ("gateway.yaml", "prefix: /cart"): {"prefix: cart": "bad-path"},
    ("gateway.yaml", "virtualGatewayRef:\n    name: front"): {
        "virtualGatewayRef:\n    name: frond@virtualGatewayRef:": "dangling-reference"
    },
    ("gateway.yaml", "virtualServiceRef:\n            name: cart"): {
        "virtualServiceRef:\n            name: card@virtualServiceRef:": "dangling-reference",
    },
}


@dataclass(frozen=True)
class Wrong:
    """A repository with one mistake, and where it is."""

    form: str
    path: str
    files: Mapping[str, str]
    code: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.form}-{self.path}-{self.what}"


def wrong_documents() -> Iterator[Wrong]:
    """Yield every wrong document among right ones."""
    for table in (_MESH_AND_SERVICE, _ROUTER, _NODE, _ROUTES, _GATEWAY):
        yield from _spoiled("native", NATIVE, table)
    yield from _spoiled("kubernetes", KUBERNETES, _KUBERNETES)


def _spoiled(form: str, right: Mapping[str, str], table: Table) -> Iterator[Wrong]:
    for (path, old), changes in table.items():
        text = right[path]
        assert old in text, (path, old)
        for change, code in changes.items():
            new, _, at = change.partition("@")
            spoiled = text.replace(old, new, 1)
            line = _line_of(spoiled, at) if at else _first_difference(text, spoiled)
            yield Wrong(form, path, {**right, path: spoiled}, code, line, new.split("\n")[-1])


def _line_of(text: str, at: str) -> int:
    """Return the line on which a text begins that is there."""
    return text[: text.index(at)].count("\n") + 1


def _first_difference(before: str, after: str) -> int:
    pairs = zip(before.split("\n"), after.split("\n"), strict=False)
    return next(number for number, (old, new) in enumerate(pairs, 1) if old != new)
