"""Virtual gateways to Envoy: route selection and forwarding."""
