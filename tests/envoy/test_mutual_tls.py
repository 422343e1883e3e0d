"""A real Envoy that proves which node it is, on a server of several processes."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest

from events.types import ProxyConnected, ProxyDisconnected
from gitmesh.demo.sample import shares
from tests.support.command_line import gitmesh
from tests.support.envoy import running, wait_until_ready
from tests.support.git import Repo, put
from tests.support.identities import Issuer, replace
from tests.support.loopback import free_port, loopback_address
from tests.support.sample_shop import ENTRANCE, sample_files
from tests.support.server import Server
from tests.support.told import told, until

pytestmark = pytest.mark.envoy

ADMIN_PORT = free_port()
LIFETIME_S = 15.0


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


@pytest.mark.parametrize("renamed", [True, False], ids=["renamed", "overwritten"])
def test_an_envoy_follows_certificates_that_are_renewed_and_comes_again_when_its_own_ends(
    tmp_path: Path, renamed: bool
) -> None:
    first, second = Issuer(tmp_path / "first"), Issuer(tmp_path / "second", "second")
    uris = (f"spiffe://shop.example/{ENTRANCE}",)
    xds = first.issue("xds", addresses=("127.0.0.1",))
    proxy = first.issue("entrance", uris=uris)
    bare = Repo(tmp_path).origin
    put(bare, sample_files(), message="The shop's mesh")
    admin, ingress, egress = loopback_address(), loopback_address(), loopback_address()
    files = {"--tls-cert": xds.chain, "--tls-key": xds.key, "--tls-client-ca": first.bundle}
    with Server(bare, *(str(part) for option in files.items() for part in option)) as server:
        bootstrap = gitmesh(
            *("bootstrap", "--node", ENTRANCE, "--xds", server.address),
            *("--admin", f"{admin}:{ADMIN_PORT}"),
            *("--explicit", f"ingress={ingress},egress={egress}"),
            *("--tls-cert", proxy.chain, "--tls-key", proxy.key, "--tls-ca", first.bundle),
            *("--tls-secrets", tmp_path / "secrets"),
        ).json()
        # Its life begins when all else is ready, however slow the machine.
        born = time.monotonic()
        proxy = first.issue("entrance", uris=uris, lifetime=timedelta(seconds=LIFETIME_S))
        with running(bootstrap, tmp_path):
            wait_until_ready(admin, ADMIN_PORT, tmp_path)
            until(lambda: len(told(bare, ProxyConnected)) == 1)
            # Another authority for both sides, in the place of the one before.
            fresh = second.issue("xds", addresses=("127.0.0.1",))
            renewed = second.issue("entrance", uris=uris)
            for new, old in (
                (fresh.key, xds.key),
                (fresh.chain, xds.chain),
                (renewed.key, proxy.key),
                (renewed.chain, proxy.chain),
                (second.bundle, first.bundle),
            ):
                if renamed:
                    replace(old, new.read_bytes())
                else:
                    old.write_bytes(new.read_bytes())
            if not renamed:
                # Envoy does not see what is written in place: any rename beside it says so.
                replace(proxy.chain.with_name("renewed"), b"")
            assert time.monotonic() < born + LIFETIME_S, "too slow to show anything"
            until(lambda: len(told(bare, ProxyConnected)) == 2)
            [ended] = told(bare, ProxyDisconnected)
            assert ended.reason == "the certificate has expired"
            commit = put(bare, sample_files(shares(10)), message="Shift")
            assert server.wait_for("snapshot converged", commit=commit[:7])["proxies"] == 1


def workers(server: Server) -> list[int]:
    serving = [line for line in server.lines() if line["message"] == "worker serves"]
    return [int(str(line["pid"])) for line in serving]
