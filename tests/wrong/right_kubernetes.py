"""Valid manifests as a base for mistakes: the shop in its Kubernetes form."""

from typing import Final

KUBERNETES: Final = {
    "mesh.yaml": """\
apiVersion: appmesh.k8s.aws/v1beta2
kind: Mesh
metadata:
  name: shop
spec:
  egressFilter:
    type: ALLOW_ALL
""",
    "nodes.yaml": """\
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata:
  name: cart
  namespace: prod
spec:
  listeners:
    - portMapping:
        port: 8080
        protocol: http
      healthCheck:
        protocol: http
        path: /ping
        healthyThreshold: 2
        unhealthyThreshold: 2
        intervalMillis: 5000
        timeoutMillis: 2000
      tls:
        mode: STRICT
        certificate:
          file:
            certificateChain: /tls/cart.pem
            privateKey: /tls/cart.key
  serviceDiscovery:
    dns:
      hostname: cart.prod.svc.cluster.local
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualNode
metadata:
  name: web
  namespace: prod
spec:
  listeners:
    - portMapping:
        port: 8090
        protocol: http
  backends:
    - virtualService:
        virtualServiceRef:
          name: cart
  serviceDiscovery:
    dns:
      hostname: web.prod.svc.cluster.local
""",
    "cart.yaml": """\
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualService
metadata:
  name: cart
  namespace: prod
spec:
  awsName: cart.prod.svc.cluster.local
  provider:
    virtualRouter:
      virtualRouterRef:
        name: cart
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualRouter
metadata:
  name: cart
  namespace: prod
spec:
  listeners:
    - portMapping:
        port: 8080
        protocol: http
  routes:
    - name: all
      priority: 3
      httpRoute:
        match:
          prefix: /
          headers:
            - name: x-beta
              match:
                exact: blue
        action:
          weightedTargets:
            - virtualNodeRef:
                name: cart
              weight: 7
        timeout:
          perRequest:
            value: 15
            unit: s
""",
    "gateway.yaml": """\
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualGateway
metadata:
  name: front
  namespace: prod
spec:
  listeners:
    - portMapping:
        port: 8088
        protocol: http
---
apiVersion: appmesh.k8s.aws/v1beta2
kind: GatewayRoute
metadata:
  name: cart
  namespace: prod
spec:
  virtualGatewayRef:
    name: front
  httpRoute:
    match:
      prefix: /cart
    action:
      target:
        virtualService:
          virtualServiceRef:
            name: cart
""",
}
