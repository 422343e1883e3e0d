"""Valid documents as a base for mistakes: a mesh with nearly every field, one per line."""

from typing import Final

NATIVE: Final = {
    "mesh.yaml": """\
kind: Mesh
meshName: shop
spec:
  egressFilter:
    type: DROP_ALL
  serviceDiscovery:
    ipPreference: IPv4_ONLY
""",
    "web.yaml": """\
kind: VirtualNode
meshName: shop
virtualNodeName: web
spec:
  backendDefaults:
    clientPolicy:
      tls:
        enforce: true
        ports:
          - 8080
        certificate:
          file:
            certificateChain: /tls/web.pem
            privateKey: /tls/web.key
        validation:
          subjectAlternativeNames:
            match:
              exact:
                - cart.shop.internal
          trust:
            sds:
              secretName: authority
  backends:
    - virtualService:
        virtualServiceName: cart.shop.local
  listeners:
    - portMapping:
        port: 8080
        protocol: http
      connectionPool:
        http:
          maxConnections: 10
          maxPendingRequests: 5
      healthCheck:
        protocol: http
        path: /ping
        port: 8080
        healthyThreshold: 3
        unhealthyThreshold: 4
        intervalMillis: 7000
        timeoutMillis: 2500
      outlierDetection:
        interval:
          value: 30
          unit: s
        baseEjectionDuration:
          value: 900
          unit: ms
        maxEjectionPercent: 50
        maxServerErrors: 6
      timeout:
        http:
          idle:
            value: 60
            unit: s
          perRequest:
            value: 20
            unit: s
      tls:
        mode: STRICT
        certificate:
          file:
            certificateChain: /tls/own.pem
            privateKey: /tls/own.key
        validation:
          trust:
            file:
              certificateChain: /tls/ca.pem
  logging:
    accessLog:
      file:
        path: /dev/stdout
        format:
          json:
            - key: status
              value: "%RESPONSE_CODE%"
            - key: path
              value: "%PATH%"
  serviceDiscovery:
    dns:
      hostname: web.shop.internal
      responseType: ENDPOINTS
      ipPreference: IPv6_ONLY
""",
    "cart-v1.yaml": """\
kind: VirtualNode
meshName: shop
virtualNodeName: cart-v1
spec:
  listeners:
    - portMapping:
        port: 8080
        protocol: http
    - portMapping:
        port: 9000
        protocol: grpc
    - portMapping:
        port: 5432
        protocol: tcp
  serviceDiscovery:
    awsCloudMap:
      namespaceName: shop.local
      serviceName: cart
      attributes:
        - key: version
          value: v1
""",
    "instances.yaml": """\
kind: ServiceInstances
meshName: shop
namespaceName: shop.local
serviceName: cart
spec:
  instances:
    - id: i-1
      attributes:
        AWS_INSTANCE_IPV4: 10.0.0.1
        AWS_INSTANCE_PORT: "9090"
        version: v1
""",
    "service.yaml": """\
kind: VirtualService
meshName: shop
virtualServiceName: cart.shop.local
spec:
  provider:
    virtualRouter:
      virtualRouterName: cart
""",
    "router.yaml": """\
kind: VirtualRouter
meshName: shop
virtualRouterName: cart
spec:
  listeners:
    - portMapping:
        port: 8080
        protocol: http
    - portMapping:
        port: 9000
        protocol: grpc
    - portMapping:
        port: 5432
        protocol: tcp
""",
    "http.yaml": """\
kind: Route
meshName: shop
virtualRouterName: cart
routeName: http
spec:
  priority: 10
  httpRoute:
    match:
      port: 8080
      prefix: /cart
      method: GET
      scheme: https
      headers:
        - name: x-beta
          match:
            regex: "[a-z]+"
        - name: x-load
          invert: true
          match:
            range:
              start: 10
              end: 20
      queryParameters:
        - name: q
          match:
            exact: one
    action:
      weightedTargets:
        - virtualNode: cart-v1
          weight: 90
          port: 8080
    retryPolicy:
      maxRetries: 2
      perRetryTimeout:
        value: 250
        unit: ms
      httpRetryEvents:
        - gateway-error
      tcpRetryEvents:
        - connection-error
    timeout:
      perRequest:
        value: 15
        unit: s
""",
    "grpc.yaml": """\
kind: Route
meshName: shop
virtualRouterName: cart
routeName: grpc
spec:
  grpcRoute:
    match:
      port: 9000
      serviceName: shop.Cart
      methodName: Add
      metadata:
        - name: tenant
          match:
            exact: blue
    action:
      weightedTargets:
        - virtualNode: cart-v1
          weight: 1
          port: 9000
    retryPolicy:
      maxRetries: 1
      perRetryTimeout:
        value: 1
        unit: s
      grpcRetryEvents:
        - unavailable
""",
    "tcp.yaml": """\
kind: Route
meshName: shop
virtualRouterName: cart
routeName: tcp
spec:
  tcpRoute:
    match:
      port: 5432
    action:
      weightedTargets:
        - virtualNode: cart-v1
          weight: 1
          port: 5432
    timeout:
      idle:
        value: 30
        unit: s
""",
    "gateway.yaml": """\
kind: VirtualGateway
meshName: shop
virtualGatewayName: front
spec:
  listeners:
    - portMapping:
        port: 8088
        protocol: http
      connectionPool:
        http:
          maxConnections: 100
  logging:
    accessLog:
      file:
        path: /dev/stdout
        format:
          text: "%PROTOCOL%"
""",
    "gateway-route.yaml": """\
kind: GatewayRoute
meshName: shop
virtualGatewayName: front
gatewayRouteName: cart
spec:
  priority: 5
  httpRoute:
    match:
      port: 8088
      prefix: /cart/
      hostname:
        exact: shop.example.com
    action:
      target:
        port: 8080
        virtualService:
          virtualServiceName: cart.shop.local
      rewrite:
        hostname:
          defaultTargetHostname: DISABLED
        prefix:
          value: /
""",
}
