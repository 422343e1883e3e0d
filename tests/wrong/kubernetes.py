"""Mistakes in manifests."""

from typing import Final

from tests.wrong.spoiling import OUT_OF_RANGE, WRONG_TYPE, Table

KUBERNETES_SPOILED: Final[Table] = {
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
        "port: 0": OUT_OF_RANGE,
        "port: '8080'": WRONG_TYPE,
        "port: 80000": OUT_OF_RANGE,
    },
    ("nodes.yaml", "protocol: http"): {"protocol: HTTP": "not-one-of"},
    ("nodes.yaml", "path: /ping"): {"path: ping": "bad-path"},
    ("nodes.yaml", "healthyThreshold: 2"): {"healthyThreshold: 1": OUT_OF_RANGE},
    ("nodes.yaml", "intervalMillis: 5000"): {
        "intervalMillis: 5": OUT_OF_RANGE,
        "intervalMillis: 5s": WRONG_TYPE,
    },
    ("nodes.yaml", "timeoutMillis: 2000"): {"timeoutMillis: 1": OUT_OF_RANGE},
    ("nodes.yaml", "mode: STRICT"): {"mode: strict": "not-one-of"},
    ("nodes.yaml", "certificateChain: /tls/cart.pem"): {"certificateChain: ''": "wrong-length"},
    ("nodes.yaml", "hostname: cart.prod.svc.cluster.local"): {
        "hostname: a b": "bad-hostname",
        "hostname: []": WRONG_TYPE,
    },
    ("nodes.yaml", "name: cart\n  namespace: prod"): {
        "name: cart\n  namespace: [prod]": WRONG_TYPE
    },
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
    ("cart.yaml", "priority: 3"): {"priority: 3000": OUT_OF_RANGE, "priority: x": WRONG_TYPE},
    ("cart.yaml", "prefix: /"): {"prefix: cart": "bad-path", "prefix: {}": WRONG_TYPE},
    ("cart.yaml", "- name: x-beta"): {"- name: x beta": "bad-header-name"},
    ("cart.yaml", "exact: blue"): {"exact: ''": "wrong-length", "regex: '('": "bad-regex"},
    ("cart.yaml", "virtualNodeRef:\n                name: cart"): {
        "virtualNodeRef:\n                name: card@virtualNodeRef:": "dangling-reference",
        "virtualNodeRef:\n                name: []@virtualNodeRef:": "missing-name",
    },
    ("cart.yaml", "weight: 7"): {
        "weight: 700": OUT_OF_RANGE,
        "weight: '7'": WRONG_TYPE,
        "weight: 0@weightedTargets:": "zero-weights",
    },
    ("cart.yaml", "value: 15"): {"value: -15": OUT_OF_RANGE},
    ("cart.yaml", "value: 15\n            unit: s"): {
        "value: 15\n            unit: min": "not-one-of"
    },
    ("gateway.yaml", "port: 8088"): {"port: 15001": "reserved-port", "port: nine": WRONG_TYPE},
    ("gateway.yaml", "protocol: http"): {"protocol: tcp": "not-one-of"},
    ("gateway.yaml", "prefix: /cart"): {"prefix: cart": "bad-path"},
    ("gateway.yaml", "virtualGatewayRef:\n    name: front"): {
        "virtualGatewayRef:\n    name: frond@virtualGatewayRef:": "dangling-reference"
    },
    ("gateway.yaml", "virtualServiceRef:\n            name: cart"): {
        "virtualServiceRef:\n            name: card@virtualServiceRef:": "dangling-reference",
    },
}
