"""HTTP for every interface: bounded connections and requests, TLS, and uvicorn as a task."""
