"""What ``gitmesh bootstrap`` says beside the bootstrap: unknown nodes, and how to start Envoy."""
