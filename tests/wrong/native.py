"""Mistakes in native documents."""

from typing import Final

from tests.wrong.spoiling import OUT_OF_RANGE, WRONG_TYPE, Table

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
        "meshName: 7": WRONG_TYPE,
        "meshName: {{ mesh }}": "template",
        "meshName: '{{ .Values.mesh }}'": "template",
        "meshName: ${MESH}": "template",
        "meshName: $MESH": "template",
        "meshName:@kind:": "missing-name",
    },
    ("mesh.yaml", "spec:\n  egressFilter:\n    type: DROP_ALL\n  serviceDiscovery:"): {
        "spec:\n  egressFilter:\n    type: DROP_ALL\n  serviceDiscovery: []\n  x:": WRONG_TYPE,
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
        "virtualServiceName: 12": WRONG_TYPE,
        "virtualServicename: cart.shop.local": "unknown-field",
        "virtualServiceName: cart shop": "bad-hostname",
        "virtualServiceName: '*.local'": "bad-hostname",
    },
    ("service.yaml", "virtualRouterName: cart"): {
        "virtualRouterName: card": "dangling-reference",
        "virtualRouterName: ''": "wrong-length",
        "virtualRouterName: [cart]": WRONG_TYPE,
        "name: cart": "unknown-field",
        "virtualRouterName: cart\n    virtualNode:\n      virtualNodeName: web@provider:": (
            "exactly-one"
        ),
    },
    ("service.yaml", "    virtualRouter:"): {"    virtualrouter:": "unknown-field"},
}

_ROUTER: Final[Table] = {
    ("router.yaml", "port: 8080"): {
        "port: 0": OUT_OF_RANGE,
        "port: 65536": OUT_OF_RANGE,
        "port: '8080'": WRONG_TYPE,
        "port: 80.5": WRONG_TYPE,
        "port: 9000@port: 9000\n        protocol: grpc": "duplicate-port",
    },
    ("router.yaml", "protocol: http"): {
        "protocol: HTTP": "not-one-of",
        "protocol: udp": "not-one-of",
        "protocoll: http": "unknown-field",
        "protocol:": "not-one-of",
    },
    ("router.yaml", "virtualRouterName: cart"): {"virtualRouterName: []": WRONG_TYPE},
    ("router.yaml", "meshName: shop"): {"meshName: ship": "missing-mesh"},
}

_NODE: Final[Table] = {
    ("web.yaml", "virtualNodeName: web"): {
        "virtualNodeName: ''": "wrong-length",
        "virtualNodeName: [no]": WRONG_TYPE,
    },
    ("web.yaml", "enforce: true"): {
        "enforce: yes": WRONG_TYPE,
        "enforce: 'true'": WRONG_TYPE,
        "enforce: 1": WRONG_TYPE,
    },
    ("web.yaml", "ports:\n          - 8080"): {
        "ports:\n          - 0": OUT_OF_RANGE,
        "ports:\n          - http": WRONG_TYPE,
    },
    ("web.yaml", "certificateChain: /tls/web.pem"): {
        "certificateChain: ''": "wrong-length",
        "certificateChain: 4": WRONG_TYPE,
        "chain: /tls/web.pem": "unknown-field",
    },
    ("web.yaml", "privateKey: /tls/web.key"): {
        "privateKey: []": WRONG_TYPE,
        "privatekey: /tls/web.key": "unknown-field",
    },
    ("web.yaml", "- cart.shop.internal"): {"- ''": "wrong-length", "- 5": WRONG_TYPE},
    ("web.yaml", "secretName: authority"): {
        "secretname: authority": "unknown-field",
        "secretName: 3": WRONG_TYPE,
    },
    ("web.yaml", "  trust:\n            sds:"): {"  trust:\n            spiffe:": "unknown-field"},
    ("web.yaml", "virtualServiceName: cart.shop.local"): {
        "virtualServiceName: {}": WRONG_TYPE,
        "virtualService: cart.shop.local": "unknown-field",
        "virtualServiceName: cart.shop.local\n    - virtualService:\n"
        "        virtualServiceName: cart.shop.local@    virtualServiceName: cart.shop.local\n  "
        "listeners": "duplicate-backend",
    },
    ("web.yaml", "maxConnections: 10"): {
        "maxConnections: 0": OUT_OF_RANGE,
        "maxConnections: many": WRONG_TYPE,
        "maxRequests: 10": "unknown-field",
    },
    ("web.yaml", "maxPendingRequests: 5"): {
        "maxPendingRequests: -1": OUT_OF_RANGE,
        "maxPendingRequests: 1e3": WRONG_TYPE,
    },
    ("web.yaml", "connectionPool:\n        http:"): {
        "connectionPool:\n        tcp:@maxPendingRequests:": "unknown-field",
    },
    ("web.yaml", "healthCheck:\n        protocol: http"): {
        "healthCheck:\n        protocol: icmp": "not-one-of",
    },
    ("web.yaml", "path: /ping"): {"path: 7": WRONG_TYPE, "path: ping": "bad-path"},
    ("web.yaml", "path: /ping\n        port: 8080"): {
        "path: /ping\n        port: 8081": "wrong-port",
        "path: /ping\n        port: 70000": OUT_OF_RANGE,
    },
    ("web.yaml", "healthyThreshold: 3"): {
        "healthyThreshold: 1": OUT_OF_RANGE,
        "healthyThreshold: 11": OUT_OF_RANGE,
    },
    ("web.yaml", "unhealthyThreshold: 4"): {
        "unhealthyThreshold: 0": OUT_OF_RANGE,
        "unhealthyThreshold: '4'": WRONG_TYPE,
    },
    ("web.yaml", "intervalMillis: 7000"): {
        "intervalMillis: 4999": OUT_OF_RANGE,
        "intervalMillis: 7s": WRONG_TYPE,
    },
    ("web.yaml", "timeoutMillis: 2500"): {
        "timeoutMillis: 60001": OUT_OF_RANGE,
        "timeout: 2500": "unknown-field",
    },
    ("web.yaml", "interval:\n          value: 30"): {
        "interval:\n          value: -30": OUT_OF_RANGE,
        "interval:\n          value: 30s": WRONG_TYPE,
    },
    ("web.yaml", "value: 900\n          unit: ms"): {
        "value: 900\n          unit: us": "not-one-of",
        "value: 900\n          units: ms": "unknown-field",
    },
    ("web.yaml", "maxEjectionPercent: 50"): {
        "maxEjectionPercent: 101": OUT_OF_RANGE,
        "maxEjectionPercent: 50%": WRONG_TYPE,
    },
    ("web.yaml", "maxServerErrors: 6"): {"maxServerErrors: 0": OUT_OF_RANGE},
    ("web.yaml", "timeout:\n        http:"): {"timeout:\n        grpc:": "wrong-protocol"},
    ("web.yaml", "perRequest:\n            value: 20"): {
        "perRequest:\n            value: 1.5": WRONG_TYPE
    },
    ("web.yaml", "mode: STRICT"): {"mode: Strict": "not-one-of", "mode: on": "not-one-of"},
    ("web.yaml", "path: /dev/stdout"): {"path: ''": "wrong-length", "path: {a: b}": WRONG_TYPE},
    ("web.yaml", "- key: status"): {"- key: ''": "wrong-length", "- kay: status": "unknown-field"},
    ("web.yaml", "- key: path"): {"- key: status": "duplicate-log-key"},
    ("web.yaml", 'value: "%RESPONSE_CODE%"'): {
        'value: "%RESPONSE_CODE"': "bad-log-format",
        "value: 1": WRONG_TYPE,
    },
    ("web.yaml", "hostname: web.shop.internal"): {
        "hostname: web_shop internal": "bad-hostname",
        "hostname: 10": WRONG_TYPE,
        "hostName: web.shop.internal": "unknown-field",
        "hostname: ''": "bad-hostname",
    },
    ("web.yaml", "responseType: ENDPOINTS"): {"responseType: ENDPOINT": "not-one-of"},
    ("web.yaml", "ipPreference: IPv6_ONLY"): {"ipPreference: ipv6": "not-one-of"},
    ("cart-v1.yaml", "namespaceName: shop.local"): {
        "namespaceName: ''": "wrong-length",
        "namespace: a": "unknown-field",
    },
    ("cart-v1.yaml", "serviceName: cart"): {"serviceName: 5": WRONG_TYPE},
    ("cart-v1.yaml", "- key: version"): {
        "- key: ver sion": "wrong-pattern",
        "- key: ''": "wrong-length",
    },
    ("cart-v1.yaml", "value: v1"): {"value: é": "wrong-pattern", "value: 1": WRONG_TYPE},
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
        "priority: -1": OUT_OF_RANGE,
        "priority: 1001": OUT_OF_RANGE,
        "priority: high": WRONG_TYPE,
    },
    ("http.yaml", "httpRoute:"): {
        "httproute:": "unknown-field",
        "httpRoute: {}\n  httpRoute:@httpRoute:\n    match:": "duplicate-key",
        "tcpRoute: {action: {weightedTargets: [{virtualNode: cart-v1, weight: 1}]}}\n"
        "  httpRoute:@spec:": "exactly-one",
    },
    ("http.yaml", "port: 8080"): {
        "port: 8099": "unknown-port",
        "port: 100000": OUT_OF_RANGE,
        "port: 5432@httpRoute:": "protocol-mismatch",
    },
    ("http.yaml", "prefix: /cart"): {
        "prefix: cart": "bad-path",
        "prefix: 1": WRONG_TYPE,
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
    ("http.yaml", "invert: true"): {"invert: maybe": WRONG_TYPE, "inverted: true": "unknown-field"},
    ("http.yaml", "start: 10"): {"start: 30@range:": "empty-range", "start: ten": WRONG_TYPE},
    ("http.yaml", "end: 20"): {"end: 20.0": WRONG_TYPE, "stop: 20": "unknown-field"},
    ("http.yaml", "exact: one"): {"exact: 1": WRONG_TYPE, "prefix: one": "unknown-field"},
    ("http.yaml", "- virtualNode: cart-v1"): {
        "- virtualNode: cart-v2": "dangling-reference",
        "- virtualNode: ''": "wrong-length",
        "- virtualnode: cart-v1": "unknown-field",
    },
    ("http.yaml", "weight: 90"): {
        "weight: 101": OUT_OF_RANGE,
        "weight: -1": OUT_OF_RANGE,
        "weight: 9.5": WRONG_TYPE,
        "weight: '90'": WRONG_TYPE,
        "wieght: 90": "unknown-field",
        "weight: 0@weightedTargets:": "zero-weights",
    },
    ("http.yaml", "weight: 90\n          port: 8080"): {
        "weight: 90\n          port: 8081": "unknown-port",
        "weight: 90\n          port: 8080\n        - virtualNode: cart-v1\n          weight: 1\n"
        "          port: 8080@virtualNode: cart-v1\n          weight: 1\n": "duplicate-target",
        "weight: 90\n          port: 5432@- virtualNode:": "protocol-mismatch",
    },
    ("http.yaml", "maxRetries: 2"): {"maxRetries: -2": OUT_OF_RANGE, "maxRetries: two": WRONG_TYPE},
    ("http.yaml", "perRetryTimeout:\n        value: 250"): {
        "perRetryTimeout:\n        value: -1": OUT_OF_RANGE
    },
    ("http.yaml", "value: 250\n        unit: ms"): {"value: 250\n        unit: m": "not-one-of"},
    ("http.yaml", "- gateway-error"): {
        "- gateway-errors": "not-one-of",
        "- ''": "wrong-length",
        "- 503": WRONG_TYPE,
    },
    ("http.yaml", "- connection-error"): {
        "- reset": "not-one-of",
        "- connection-error\n        - connection-error@tcpRetryEvents:": "wrong-length",
    },
    ("grpc.yaml", "serviceName: shop.Cart"): {
        "serviceName: shop/Cart": "bad-grpc-name",
        "serviceName: 1": WRONG_TYPE,
    },
    ("grpc.yaml", "methodName: Add"): {
        "methodName: ''": "wrong-length",
        "methodName: A/B": "bad-grpc-name",
    },
    ("grpc.yaml", "- name: tenant"): {"- name: ten ant": "bad-header-name"},
    ("grpc.yaml", "exact: blue"): {"exact: ''": "wrong-length", "like: blue": "unknown-field"},
    ("grpc.yaml", "weight: 1"): {"weight: 200": OUT_OF_RANGE},
    ("grpc.yaml", "- unavailable"): {"- down": "not-one-of"},
    ("grpc.yaml", "match:\n      port: 9000"): {
        "match:\n      port: 5432@grpcRoute:": "protocol-mismatch"
    },
    ("tcp.yaml", "port: 5432"): {
        "prefix: /": "unknown-field",
        "port: 8080@tcpRoute:": "protocol-mismatch",
    },
    ("tcp.yaml", "value: 30"): {"value: -30": OUT_OF_RANGE},
    ("tcp.yaml", "timeout:\n      idle:"): {"timeout:\n      perRequest:": "unknown-field"},
}

_GATEWAY: Final[Table] = {
    ("gateway.yaml", "port: 8088"): {"port: 15001": "reserved-port", "port: -1": OUT_OF_RANGE},
    ("gateway.yaml", "protocol: http"): {
        "protocol: tcp": "not-one-of",
        "protocol: [http]": "not-one-of",
    },
    ("gateway.yaml", "maxConnections: 100"): {"maxConnections: 0": OUT_OF_RANGE},
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
    ("gateway-route.yaml", "priority: 5"): {"priority: 2000": OUT_OF_RANGE},
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

_INSTANCES: Final[Table] = {
    ("instances.yaml", "id: i-1"): {"id: ''": "wrong-length", "id: 1": WRONG_TYPE},
    ("instances.yaml", "AWS_INSTANCE_IPV4: 10.0.0.1"): {
        "AWS_INSTANCE_IPV4: 10.0.0.999": "bad-address",
    },
    ("instances.yaml", 'AWS_INSTANCE_PORT: "9090"'): {"AWS_INSTANCE_PORT: 9090": WRONG_TYPE},
}

NATIVE_SPOILED: Final = (_MESH_AND_SERVICE, _INSTANCES, _ROUTER, _NODE, _ROUTES, _GATEWAY)
