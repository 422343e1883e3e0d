"""The gRPC server: streams, admission, credentials, and the hub that publishes to all streams.

Read ``discovery.py`` first."""
