"""Every kind of object becomes the resource that App Mesh's controller made of it."""

import pytest

from mesh.canonical import JsonObject
from tests.support.manifests import MESH, manifest, node, resources, service, told, tree_of

HTTP_8080: JsonObject = {"portMapping": {"port": 8080, "protocol": "http"}}


def test_a_mesh_keeps_its_filter_and_its_preference() -> None:
    spec = """\
        awsName: the-shop
        namespaceSelector: {matchLabels: {mesh: shop}}
        meshOwner: "123456789012"
        egressFilter: {type: DROP_ALL}
        meshServiceDiscovery: {ipPreference: IPv4_ONLY}
        """
    tree = tree_of(manifest("Mesh", "shop", spec))
    assert tree.problems == ()
    assert resources(tree) == {
        "mesh/the-shop": {
            "egressFilter": {"type": "DROP_ALL"},
            "serviceDiscovery": {"ipPreference": "IPv4_ONLY"},
        }
    }


def test_a_virtual_node_keeps_all_that_the_api_has_and_drops_what_is_for_pods() -> None:
    spec = """\
        podSelector: {matchLabels: {app: cart}}
        listeners:
          - portMapping: {port: 8080, protocol: http}
            timeout: {http: {perRequest: {unit: s, value: 20}}}
            connectionPool: {http: {maxConnections: 5}}
            tls:
              mode: STRICT
              certificate: {acm: {certificateARN: "arn:aws:acm:x"}}
        backends:
          - virtualService:
              virtualServiceRef: {name: stock}
              clientPolicy:
                tls:
                  validation: {trust: {acm: {certificateAuthorityARNs: ["arn:aws:acm-pca:x"]}}}
          - virtualService:
              virtualServiceARN: arn:aws:appmesh:eu-west-1:1:mesh/shop/virtualService/pay.local
        serviceDiscovery:
          awsCloudMap: {namespaceName: local, serviceName: cart, attributes: [{key: a, value: b}]}
        logging: {accessLog: {file: {path: /dev/stdout}}}
        """
    tree = tree_of(MESH, manifest("VirtualNode", "cart", spec))
    trust: JsonObject = {"acm": {"certificateAuthorityArns": ["arn:aws:acm-pca:x"]}}
    expected: JsonObject = {
        "listeners": [
            {
                **HTTP_8080,
                "timeout": {"http": {"perRequest": {"unit": "s", "value": 20}}},
                "connectionPool": {"http": {"maxConnections": 5}},
                "tls": {
                    "mode": "STRICT",
                    "certificate": {"acm": {"certificateArn": "arn:aws:acm:x"}},
                },
            }
        ],
        "backends": [
            {
                "virtualService": {
                    "virtualServiceName": "stock.prod",
                    "clientPolicy": {"tls": {"validation": {"trust": trust}}},
                }
            },
            {"virtualService": {"virtualServiceName": "pay.local"}},
        ],
        "serviceDiscovery": {
            "awsCloudMap": {
                "namespaceName": "local",
                "serviceName": "cart",
                "attributes": [{"key": "a", "value": "b"}],
            }
        },
        "logging": {"accessLog": {"file": {"path": "/dev/stdout"}}},
    }
    assert resources(tree)["mesh/shop/virtualNode/cart_prod"] == expected


def test_a_virtual_router_becomes_a_router_and_a_route_for_each_of_its_routes() -> None:
    spec = """\
        listeners: [{portMapping: {port: 8080, protocol: http}}]
        routes:
          - name: canary
            priority: 1
            httpRoute:
              match: {prefix: /, headers: [{name: x-canary, match: {exact: "1"}}]}
              action: {weightedTargets: [{virtualNodeRef: {name: cart}, weight: 1, port: 8080}]}
          - name: all
            httpRoute:
              match: {prefix: /}
              action:
                weightedTargets:
                  - virtualNodeARN: arn:aws:appmesh:r:1:mesh/shop/virtualNode/cart_prod
                    weight: 1
              retryPolicy:
                maxRetries: 2
                perRetryTimeout: {unit: ms, value: 2000}
                httpRetryEvents: [server-error]
        """
    tree = tree_of(MESH, node("cart"), manifest("VirtualRouter", "cart", spec))
    assert tree.problems == ()
    found = resources(tree)
    router = "mesh/shop/virtualRouter/cart_prod"
    assert found[router] == {"listeners": [HTTP_8080]}
    assert found[f"{router}/route/canary"] == {
        "priority": 1,
        "httpRoute": {
            "match": {"prefix": "/", "headers": [{"name": "x-canary", "match": {"exact": "1"}}]},
            "action": {
                "weightedTargets": [{"virtualNode": "cart_prod", "weight": 1, "port": 8080}]
            },
        },
    }
    targets = found[f"{router}/route/all"]["httpRoute"]
    assert isinstance(targets, dict)
    assert targets["action"] == {"weightedTargets": [{"virtualNode": "cart_prod", "weight": 1}]}


def test_a_virtual_service_is_provided_by_a_router_or_a_node() -> None:
    provider = "provider: {virtualNode: {virtualNodeRef: {name: cart}}}"
    router = manifest(
        "VirtualRouter", "stock", "listeners: [{portMapping: {port: 80, protocol: http}}]"
    )
    tree = tree_of(
        MESH,
        node("cart"),
        router,
        manifest("VirtualService", "cart", f"awsName: cart.local\n{provider}"),
        service("stock", "stock"),
        manifest("VirtualService", "nobody", "{}"),
    )
    found = resources(tree)
    assert found["mesh/shop/virtualService/cart.local"] == {
        "provider": {"virtualNode": {"virtualNodeName": "cart_prod"}}
    }
    assert found["mesh/shop/virtualService/stock.prod"] == {
        "provider": {"virtualRouter": {"virtualRouterName": "stock_prod"}}
    }
    assert found["mesh/shop/virtualService/nobody.prod"] == {}


GATEWAY = """\
    namespaceSelector: {matchLabels: {gateway: front}}
    podSelector: {matchLabels: {app: front}}
    listeners: [{portMapping: {port: 8080, protocol: http}}]
    """
GATEWAY_ROUTE = """\
    httpRoute:
      match: {prefix: /cart/}
      action: {target: {virtualService: {virtualServiceRef: {name: cart}}}}
    """


def test_a_gateway_and_its_routes_find_each_other() -> None:
    tree = tree_of(
        MESH,
        node("cart"),
        manifest(
            "VirtualService", "cart", "provider: {virtualNode: {virtualNodeRef: {name: cart}}}"
        ),
        manifest("VirtualGateway", "front", GATEWAY),
        manifest("GatewayRoute", "cart", GATEWAY_ROUTE),
    )
    assert tree.problems == ()
    found = resources(tree)
    gateway = "mesh/shop/virtualGateway/front_prod"
    assert found[gateway] == {"listeners": [HTTP_8080]}
    assert found[f"{gateway}/gatewayRoute/cart_prod"] == {
        "httpRoute": {
            "match": {"prefix": "/cart/"},
            "action": {"target": {"virtualService": {"virtualServiceName": "cart.prod"}}},
        }
    }


def test_a_backend_group_becomes_backends_behind_the_own_ones() -> None:
    group = "virtualservices: [{name: stock}, {name: pay}, {name: mail, namespace: post}]"
    tree = tree_of(
        MESH,
        *(manifest("VirtualService", name, "{}") for name in ("stock", "pay")),
        manifest("VirtualService", "mail", "awsName: mail.example", "post"),
        manifest("BackendGroup", "all", group),
        node(
            "cart",
            rest="backends: [{virtualService: {virtualServiceRef: {name: pay}}}]\n"
            "backendGroups: [{name: all}]\n",
        ),
    )
    assert _backends(resources(tree)["mesh/shop/virtualNode/cart_prod"]) == [
        "pay.prod",
        "stock.prod",
        "mail.example",
    ]


def test_a_star_is_every_virtual_service_of_its_namespace() -> None:
    tree = tree_of(
        MESH,
        *(manifest("VirtualService", name, "{}") for name in ("b", "a")),
        manifest("VirtualService", "c", "{}", "other"),
        node("cart", rest='backendGroups: [{name: "*", namespace: prod}]\n'),
    )
    spec = resources(tree)["mesh/shop/virtualNode/cart_prod"]
    assert _backends(spec) == ["a.prod", "b.prod"]


def test_a_backend_group_that_is_not_there_is_a_warning_at_its_name() -> None:
    tree = tree_of(MESH, node("cart", rest="backendGroups:\n- {name: nope}\n"))
    assert told(tree) == [("a.yaml", 14, "missing-backend-group", "$.spec.backendGroups[0]")]


def _backends(spec: JsonObject) -> list[str]:
    backends = spec["backends"]
    assert isinstance(backends, list)
    services = [b["virtualService"] for b in backends if isinstance(b, dict)]
    return [str(s["virtualServiceName"]) for s in services if isinstance(s, dict)]


# ---- the older version ---------------------------------------------------------------------------

OLD = """\
apiVersion: appmesh.k8s.aws/v1beta1
kind: Mesh
metadata: {name: shop}
spec: {serviceDiscoveryType: dns}
---
apiVersion: appmesh.k8s.aws/v1beta1
kind: VirtualNode
metadata: {name: cart, namespace: prod}
spec:
  meshName: shop
  listeners: [{portMapping: {port: 9080, protocol: http}}]
  serviceDiscovery: {dns: {hostName: cart.prod.svc.cluster.local}}
  backends: [{virtualService: {virtualServiceName: cart.local}}]
---
apiVersion: appmesh.k8s.aws/v1beta1
kind: VirtualService
metadata: {name: cart.local, namespace: prod}
spec:
  meshName: shop
  virtualRouter: {name: cart}
  routes:
    - name: all
      http:
        match: {prefix: /}
        action: {weightedTargets: [{virtualNodeName: cart.prod, weight: 1}]}
        retryPolicy:
          maxRetries: 1
          perRetryTimeoutMillis: 250
          httpRetryPolicyEvents: [server-error]
"""


def test_the_older_version_holds_router_and_routes_in_its_service() -> None:
    tree = tree_of(OLD)
    assert tree.problems == ()
    found = resources(tree)
    assert found["mesh/shop/virtualService/cart.local"] == {
        "provider": {"virtualRouter": {"virtualRouterName": "cart-prod"}}
    }
    router = "mesh/shop/virtualRouter/cart-prod"
    # It has no listener of its own, so it has that of the first target.
    assert found[router] == {"listeners": [{"portMapping": {"port": 9080, "protocol": "http"}}]}
    assert found[f"{router}/route/all-prod"] == {
        "httpRoute": {
            "match": {"prefix": "/"},
            "action": {"weightedTargets": [{"virtualNode": "cart-prod", "weight": 1}]},
            "retryPolicy": {
                "maxRetries": 1,
                "perRetryTimeout": {"unit": "ms", "value": 250},
                "httpRetryEvents": ["server-error"],
            },
        }
    }


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (("weight: 1}", "weight: x}"), (25, "wrong-type", "[0].weight")),
        (
            ("perRetryTimeoutMillis: 250", "perRetryTimeoutMillis: x"),
            (28, "wrong-type", "retryPolicy.perRetryTimeoutMillis"),
        ),
        (
            ("virtualNodeName: cart.prod", "virtualNodeName: car"),
            (25, "dangling-reference", "Name"),
        ),
        (("  meshName: shop\n  virtual", "  virtual"), (18, "missing-name", "$.spec")),
        (("hostName: cart.", "hostName: cart/"), (12, "bad-hostname", "dns.hostName")),
    ],
)
def test_problems_of_the_older_version_stand_at_their_lines(
    edit: tuple[str, str], found: tuple[int, str, str]
) -> None:
    assert edit[0] in OLD
    line, code, place = found
    problems = told(tree_of(OLD.replace(*edit)))
    assert any(each[1:3] == (line, code) and each[3].endswith(place) for each in problems), problems


def test_cloud_map_attributes_were_a_map_in_the_older_version() -> None:
    discovery = "cloudMap: {namespaceName: local, serviceName: cart, attributes: {stage: live}}"
    text = OLD.replace("dns: {hostName: cart.prod.svc.cluster.local}", discovery)
    spec = resources(tree_of(text))["mesh/shop/virtualNode/cart-prod"]
    assert spec["serviceDiscovery"] == {
        "awsCloudMap": {
            "namespaceName": "local",
            "serviceName": "cart",
            "attributes": [{"key": "stage", "value": "live"}],
        }
    }
    wrong = told(tree_of(text.replace("stage: live", "stage: 1")))
    assert [each[1:] for each in wrong if each[2] == "wrong-type"] == [
        (12, "wrong-type", "$.spec.serviceDiscovery.cloudMap.attributes.stage")
    ]
