"""Bootstrap configuration of an Envoy or a gRPC client. Pure.

Read ``envoy.py`` first."""
