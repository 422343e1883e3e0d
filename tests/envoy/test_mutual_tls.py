"""A real Envoy that proves which node it is, on a server of several processes."""

import os
import signal
from pathlib import Path

import pytest

from events.types import ProxyConnected
from gitmesh.demo.sample import shares
from tests.support.command_line import gitmesh
from tests.support.envoy import running, wait_until_ready
from tests.support.git import Repo, put
from tests.support.identities import Issuer
from tests.support.loopback import loopback_address
from tests.support.sample_shop import ENTRANCE, sample_files
from tests.support.server import Server
from tests.support.told import told, until

pytestmark = pytest.mark.envoy

ADMIN_PORT = 9901


def test_an_envoy_is_served_over_mutual_tls_and_again_after_its_worker_and_a_certificate_changed(
    tmp_path: Path,
) -> None:
    issuer = Issuer(tmp_path / "tls")
    domain, name = "shop.example", "xds.shop.example"
    xds = issuer.issue("xds", hosts=(name,))
    proxy = issuer.issue("entrance", uris=(f"spiffe://{domain}/{ENTRANCE}",))
    bare = Repo(tmp_path).origin
    put(bare, sample_files(), message="The shop's mesh")
    admin, ingress, egress = loopback_address(), loopback_address(), loopback_address()
    options = ["--workers", "2", "--tls-trust-domain", domain]
    files = {"--tls-cert": xds.chain, "--tls-key": xds.key, "--tls-client-ca": issuer.bundle}
    options += [str(part) for option in files.items() for part in option]
    with Server(bare, *options) as server:
        bootstrap = gitmesh(
            *("bootstrap", "--node", ENTRANCE, "--xds", server.address),
            *("--admin", f"{admin}:{ADMIN_PORT}"),
            *("--explicit", f"ingress={ingress},egress={egress}"),
            *("--tls-cert", proxy.chain, "--tls-key", proxy.key, "--tls-ca", issuer.bundle),
            *("--tls-server-name", name),
        ).json()
        with running(bootstrap, tmp_path):
            wait_until_ready(admin, ADMIN_PORT, tmp_path)
            commit = put(bare, sample_files(shares(10)), message="Shift")
            line = server.wait_for("snapshot converged", commit=commit[:7])
            assert line["proxies"] == 1

            # Both processes that could serve it are new, and so is what they prove themselves with.
            issuer.issue("xds", hosts=(name,))
            before = workers(server)
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            until(lambda: len(told(bare, ProxyConnected)) == 2)
            commit = put(bare, sample_files(shares(20)), message="Shift on")
            assert server.wait_for("snapshot converged", commit=commit[:7])["proxies"] == 1


def workers(server: Server) -> list[int]:
    serving = [line for line in server.lines() if line["message"] == "worker serves"]
    return [int(str(line["pid"])) for line in serving]
