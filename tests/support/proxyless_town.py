"""Test bed without proxies: gRPC applications, a ``gitmesh serve``, and a gRPC client, all real."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh.canonical import JsonObject
from mesh.resource import Resource, spec_json
from tests.support.git import Repo
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import (
    a_cloud_node,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
    registered,
    resource,
)
from tests.support.server import Server
from tests.support.specs import text
from xds.bootstrap.grpc import grpc_bootstrap
from xds.nodes import parse_identity

PORT = free_port()
NODE = "mesh/shop/virtualNode/web"
PATIENCE_S = 60.0
Answers = Counter[str]
"""Number of answers by application; a failed call counts under its status and message."""


class Caller:
    """A process with an unmodified gRPC client (:mod:`tests.support.grpc_caller`)."""

    def __init__(self, server: str, node: str = NODE, **environment: str) -> None:
        made = grpc_bootstrap(identity=parse_identity(node, {}), xds_address=server)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.grpc_caller"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it writes an ERROR for each listener that is not there
            env={**os.environ, "GRPC_XDS_BOOTSTRAP_CONFIG": json.dumps(made), **environment},
            text=True,
        )

    def call(
        self, service: str, count: int = 1, metadata: Mapping[str, str] | None = None, **how: Any
    ) -> Answers:
        """Call ``xds:///<service>``, one call after the other."""
        target = f"xds:///{service}"
        return self._do("call", target=target, count=count, metadata=metadata or {}, **how)

    def burst(self, service: str, count: int) -> Answers:
        """Call that many times at once."""
        return self._do("burst", target=f"xds:///{service}", count=count)

    @contextmanager
    def steady(self, service: str) -> Iterator[Answers]:
        """Call again and again; the answers are complete when the block has ended."""
        answers = Answers()
        self._do("start", target=f"xds:///{service}")
        try:
            yield answers
        finally:
            answers.update(self._do("stop"))

    def until(
        self,
        service: str,
        met: Callable[[Answers], bool],
        count: int = 40,
        metadata: Mapping[str, str] | None = None,
    ) -> Answers:
        """Call until this number of answers meets a condition; return them."""
        deadline = time.monotonic() + PATIENCE_S
        while not met(answers := self.call(service, count, metadata)):
            assert time.monotonic() < deadline, answers
        return answers

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE_S)

    def _do(self, what: str, **order: Any) -> Answers:
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("a caller has pipes")
        self._process.stdin.write(json.dumps({"do": what, **order}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Answers(answer.get("answers", {}))


@contextmanager
def calling(server: str, node: str = NODE, **environment: str) -> Iterator[Caller]:
    """Run a client of the server at this address until the end of the block."""
    caller = Caller(server, node, **environment)
    try:
        yield caller
    finally:
        caller.close()


@contextmanager
def answering(apps: Mapping[str, str]) -> Iterator[None]:
    """Run applications at ``name: address`` until the end of the block."""
    command = [sys.executable, "-m", "tests.support.grpc_apps"]
    command += [f"{name}={address}" for name, address in apps.items()]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.communicate(timeout=PATIENCE_S)


@dataclass
class Town:
    """Processes and addresses of the test bed."""

    repo: Repo
    apps: Mapping[str, str]
    """The address of each application; all listen on one port.

    Each is two virtual nodes, ``v1`` and ``v1-http2``, one for each protocol of its listener.
    """
    caller: Caller
    server: Server
    address: str

    def restart(self, *options: str) -> None:
        """Stop the server, unless it has ended, and start it again at the same address."""
        if self.server.process.poll() is None:
            assert self.server.stop() == 0
        self.server = Server(self.repo.origin, "--listen", self.address, *options)
        self.server.wait_for("ready")

    def push(self, *services: Sequence[Resource]) -> str:
        """Make these services the backends of ``web``, and push; return the commit."""
        resources = [each for service in services for each in service]
        names = [r.key.name for r in resources if r.key.kind.segment == "virtualService"]
        mesh = [a_mesh(), a_node("web", backends=names), *self._nodes(), *resources]
        return self.repo.commit_and_push({"shop.yaml": text(*mesh)})

    def _nodes(self) -> Iterable[Resource]:
        for name, address in self.apps.items():
            yield a_node(name, (PORT, "grpc"), hostname=address)
            yield a_node(f"{name}-http2", (PORT, "http2"), hostname=address)

    def routed(self, name: str, *routes: Resource) -> list[Resource]:
        """Return ``<name>.local``, whose router has these routes."""
        return [a_service(f"{name}.local", router=name), a_router(name, (PORT, "grpc")), *routes]

    def found(self, name: str, *apps: str, **listener: JsonObject) -> list[Resource]:
        """Return ``<name>.local``, of which these applications are the registered instances."""
        instances = [{"AWS_INSTANCE_IPV4": self.apps[app]} for app in apps]
        node = a_cloud_node(name, (PORT, "grpc"), service=name)
        return [
            a_service(f"{name}.local", node=name),
            _with(node, ("listeners", 0), listener),
            registered(name, *instances),
        ]


def a_call_route(
    router: str,
    name: str,
    targets: Mapping[str, int],
    match: JsonObject | None = None,
    *,
    retry: JsonObject | None = None,
    timeout: JsonObject | None = None,
) -> Resource:
    """Return a gRPC route; without a match it takes every call."""
    route = a_route(router, name, targets, protocol="grpc", match=match)
    more = {"retryPolicy": retry, "timeout": timeout}
    return _with(route, ("grpcRoute",), {k: v for k, v in more.items() if v is not None})


def _with(made: Resource, place: Sequence[str | int], fields: Mapping[str, JsonObject]) -> Resource:
    """Return a resource with additional fields at one position of its spec."""
    spec: Any = spec_json(made.spec)
    part = spec
    for step in place:
        part = part[step]
    part.update(fields)
    return resource(made.key, spec)


@contextmanager
def running_town(folder: Path) -> Iterator[Town]:
    """Run three applications, a server and a client until the end of the block."""
    repo = Repo(folder)
    apps = {name: loopback_address() for name in ("v1", "v2", "v3")}
    repo.commit_and_push({"shop.yaml": text(a_mesh(), a_node("web"))})
    with ExitStack() as stack:
        stack.enter_context(answering({name: f"{ip}:{PORT}" for name, ip in apps.items()}))
        server = stack.enter_context(Server(repo.origin))
        caller = stack.enter_context(calling(server.address))
        town = Town(repo, apps, caller, server, server.address)
        yield town
        with town.server:
            assert town.server.stop() == 0
