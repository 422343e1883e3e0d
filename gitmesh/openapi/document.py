"""The whole OpenAPI 3.1 document."""

from functools import lru_cache
from importlib.metadata import version
from typing import Any

from gitmesh.openapi import app_mesh, json_api


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the description of all operations. It is the same for every server and caller."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "gitmesh",
            "version": version("gitmesh"),
            "description": "The API of AWS App Mesh (2019-01-25), where each write is a git "
            "commit, and beside it the history, the proxies and the events that gitmesh knows.",
        },
        "security": [{"sigv4": []}, {"token": []}],
        "paths": {**app_mesh.paths(), **json_api.paths(), **_monitoring()},
        "components": {
            "schemas": {**app_mesh.schemas(), **json_api.schemas()},
            "securitySchemes": {
                "sigv4": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "AWS Signature Version 4 for the service appmesh.",
                },
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _monitoring() -> dict[str, Any]:
    anyone: list[Any] = []
    well = {"200": {"description": "It is well."}}
    return {
        "/healthz": {"get": {"operationId": "healthz", "security": anyone, "responses": well}},
        "/readyz": {
            "get": {
                "operationId": "readyz",
                "security": anyone,
                "responses": {**well, "503": {"description": "It is not ready."}},
            }
        },
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "responses": {**well, "403": {"description": "The caller is not known."}},
            }
        },
    }
