"""Mutual TLS on the xDS port: accepted clients, their identities, and replaced files."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID
from envoy_data_plane.envoy.config.cluster.v3 import Cluster

from events.types import ProxyConnected
from mesh.canonical import canonical
from mesh.errors import UsageError
from tests.support.ads_client import AdsClient, names
from tests.support.ads_server import Served, key, serving
from tests.support.identities import DAY, Issued, Issuer, replace
from tests.support.loopback import free_port
from tests.support.shop_xds import mesh
from xds.bootstrap.grpc import grpc_bootstrap
from xds.bootstrap.tls import XdsTls
from xds.nodes import parse_identity
from xds.server.credentials import Credentials, read_peer
from xds.server.discovery import check_listening
from xds.server.peer import WrongPeer
from xds.server.settings import AdsSettings, TlsFiles
from xds.type_urls import CLUSTER

CART, WEB = str(key("cart")), str(key("web"))
DOMAIN = "shop.example"


def spiffe(node: str, domain: str = DOMAIN) -> str:
    return f"spiffe://{domain}/{node}"


class Shop:
    """An authority, a server's certificate, and those of proxies."""

    def __init__(self, folder: Path, trust_domain: str = "") -> None:
        self.issuer = Issuer(folder)
        self.server = self.issuer.issue("server", addresses=("127.0.0.1",))
        self.tls = TlsFiles(
            self.server.chain, self.server.key, self.issuer.bundle, trust_domain=trust_domain
        )

    def run(self, scenario: Callable[[Served], Awaitable[None]]) -> None:
        async def body() -> None:
            async with serving(AdsSettings(grace_s=0, tls=self.tls)) as served:
                await served.first(cart=mesh("v1=1"), web=mesh("v1=1"))
                await scenario(served)

        asyncio.run(body())

    def proxy(self, *uris: str, hosts: tuple[str, ...] = ()) -> grpc.ChannelCredentials:
        return self.channel(self.issuer.issue("proxy", uris=uris, hosts=hosts))

    def channel(self, proxy: Issued | None, authority: Path | None = None) -> object:
        root = (authority or self.issuer.bundle).read_bytes()
        if proxy is None:
            return grpc.ssl_channel_credentials(root)
        return grpc.ssl_channel_credentials(root, proxy.key.read_bytes(), proxy.chain.read_bytes())


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def strict(tmp_path: Path) -> Shop:
    """A shop whose proxies must come from its own trust domain."""
    return Shop(tmp_path, DOMAIN)


async def refusal(served: Served, node: str, credentials: object) -> tuple[str, str]:
    async with AdsClient(served.port, node, credentials=credentials) as proxy:
        await proxy.send(CLUSTER)
        return await proxy.ending()


async def clusters(served: Served, node: str, credentials: object) -> object:
    async with AdsClient(served.port, node, credentials=credentials) as proxy:
        return names(await proxy.subscribe(CLUSTER), Cluster)


async def shut_out(served: Served, credentials: object) -> None:
    """Make sure that a client cannot even open a stream."""
    async with AdsClient(served.port, CART, credentials=credentials) as proxy:
        code, words = await proxy.ending()
        assert code == "UNAVAILABLE"
        assert "not known yet" not in words


def test_a_proxy_gets_its_own_node_and_no_other(shop: Shop) -> None:
    async def scenario(served: Served) -> None:
        cart = shop.proxy(spiffe(CART))
        assert await clusters(served, CART, cart) == ["v1"]
        translated = list(served.mesh.translated)
        code, words = await refusal(served, WEB, cart)
        assert code == "PERMISSION_DENIED"
        assert f"the certificate is for {spiffe(CART)}, not for {WEB}" in words
        assert served.mesh.translated == translated, "nothing was done for it"
        connected = [e for e in served.events if isinstance(e, ProxyConnected)]
        assert [e.node for e in connected] == [CART]

    shop.run(scenario)


def test_a_grpc_client_proves_itself_too(shop: Shop, tmp_path: Path) -> None:
    proxy = shop.issuer.issue("proxy", uris=(spiffe(CART),))
    files = XdsTls(str(proxy.chain), str(proxy.key), str(shop.issuer.bundle))
    identity = parse_identity(CART, {"client": "grpc"})
    dial = (
        "import grpc\ngrpc.channel_ready_future(grpc.insecure_channel('xds:///cart')).result(60)\n"
    )

    async def scenario(served: Served) -> None:
        address = f"127.0.0.1:{served.port}"
        bootstrap = grpc_bootstrap(identity=identity, xds_address=address, tls=files)
        environment = {**os.environ, "GRPC_XDS_BOOTSTRAP_CONFIG": canonical(bootstrap)}
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", dial), env=environment, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            connected = await served.event(ProxyConnected)
        finally:
            client.kill()
            await client.wait()
        assert isinstance(connected, ProxyConnected)
        assert connected.node == CART
        assert connected.version.startswith("gRPC")

    shop.run(scenario)


def test_a_certificate_may_name_several_nodes(shop: Shop) -> None:
    async def scenario(served: Served) -> None:
        both = shop.proxy("https://elsewhere.example/", spiffe(WEB), spiffe(CART))
        assert await clusters(served, CART, both) == ["v1"]
        assert await clusters(served, WEB, both) == ["v1"]

    shop.run(scenario)


def test_a_node_in_another_spelling_is_the_same_node(shop: Shop) -> None:
    async def scenario(served: Served) -> None:
        cart = shop.proxy(spiffe(CART))
        arn = f"arn:aws:appmesh:eu-west-1:123456789012:{CART.replace('shop', 'shop@999')}"
        assert await clusters(served, arn, cart) == ["v1"]

    shop.run(scenario)


@pytest.mark.parametrize(
    "name",
    [
        "spiffe:///mesh/shop/virtualNode/cart",
        "spiffe://shop.example/mesh/shop/virtualNode/cart/",
        "spiffe://shop.example/mesh/shop/virtualNode/CART",
        "spiffe://shop.example/mesh/shop/virtualGateway/cart",
        "spiffe://shop.example/mesh/shop",
        "https://shop.example/mesh/shop/virtualNode/cart",
        "mesh/shop/virtualNode/cart",
    ],
)
def test_a_name_that_is_nearly_right_is_wrong(shop: Shop, name: str) -> None:
    async def scenario(served: Served) -> None:
        assert (await refusal(served, CART, shop.proxy(name)))[0] == "PERMISSION_DENIED"

    shop.run(scenario)


def test_a_certificate_that_names_nobody_is_of_no_use(shop: Shop) -> None:
    async def scenario(served: Served) -> None:
        code, words = await refusal(served, CART, shop.proxy())
        assert code == "PERMISSION_DENIED"
        assert "the certificate is for nobody" in words

    shop.run(scenario)


# Behind a name that is right: one of a kind that nobody uses, half an address, nothing of the sort.
@pytest.mark.parametrize("name", [b"\xa5\x04\xa1\x02\x0c\x00", b"\x87\x02ab", b"\x01\x02"])
def test_a_certificate_whose_names_cannot_be_read_is_refused_in_words(name: bytes) -> None:
    uri = spiffe(CART).encode()
    names = b"\x86" + bytes([len(uri)]) + uri + name
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, private.public_key(), 1, now, now + DAY)
        .add_extension(
            x509.UnrecognizedExtension(
                ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30" + bytes([len(names)]) + names
            ),
            critical=False,
        )
        .sign(private, hashes.SHA256())
    )
    with pytest.raises(WrongPeer, match="cannot be read"):
        read_peer(certificate.public_bytes(serialization.Encoding.PEM))


def test_a_trust_domain_lets_only_its_own_in_by_uri_or_by_dns_name(strict: Shop) -> None:
    async def scenario(served: Served) -> None:
        foreign = strict.proxy(spiffe(CART, "other.example"))
        assert (await refusal(served, CART, foreign))[0] == "PERMISSION_DENIED"
        assert await clusters(served, CART, strict.proxy(spiffe(CART))) == ["v1"]
        by_host = strict.proxy(hosts=(f"Cart.virtualNode.shop.{DOMAIN}",))
        assert await clusters(served, CART, by_host) == ["v1"]
        code, _ = await refusal(served, WEB, by_host)
        assert code == "PERMISSION_DENIED"

    strict.run(scenario)


def test_without_a_trust_domain_dns_names_name_nobody(shop: Shop) -> None:
    async def scenario(served: Served) -> None:
        by_host = shop.proxy(hosts=("cart.virtualnode.shop.", "cart.virtualnode.shop"))
        assert (await refusal(served, CART, by_host))[0] == "PERMISSION_DENIED"

    shop.run(scenario)


def test_nobody_comes_in_without_a_certificate_of_our_authority(shop: Shop, tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        await shut_out(served, shop.channel(None))
        stranger = Issuer(tmp_path / "elsewhere", "stranger").issue("x", uris=(spiffe(CART),))
        await shut_out(served, shop.channel(stranger))
        await shut_out(served, None)
        expired = shop.issuer.issue("old", uris=(spiffe(CART),), lifetime=-timedelta(hours=1))
        await shut_out(served, shop.channel(expired))

    shop.run(scenario)


def test_a_stream_ends_when_the_certificate_does_that_it_began_with_and_the_connection_with_it(
    shop: Shop,
) -> None:
    async def scenario(served: Served) -> None:
        brief = shop.issuer.issue("brief", uris=(spiffe(CART),), lifetime=timedelta(seconds=3.5))
        async with AdsClient(served.port, CART, credentials=shop.channel(brief)) as proxy:
            await proxy.subscribe(CLUSTER)
            code, words = await proxy.ending()
            async with proxy.beside(CART) as again:
                assert await again.ending() == (code, words)
            # Else it would come again on this connection for ever, and never show a new one.
            await proxy.disconnected()
        assert (code, words) == ("UNAUTHENTICATED", "the certificate has expired")

    shop.run(scenario)


def test_a_connection_that_proves_somebody_else_ends_with_its_last_stream(shop: Shop) -> None:
    async def scenario(served: Served) -> None:
        cart = shop.proxy(spiffe(CART))
        async with AdsClient(served.port, CART, credentials=cart) as proxy:
            await proxy.subscribe(CLUSTER)
            async with proxy.beside(WEB) as stranger:
                await stranger.send(CLUSTER)
                code, _ = await stranger.ending()
                assert code == "PERMISSION_DENIED"
            # The right one beside it goes on.
            served.publish(cart=mesh("v2=1"))
            assert "v2" in names(await proxy.take(), Cluster)
        async with AdsClient(served.port, WEB, credentials=cart) as stranger:
            await stranger.send(CLUSTER)
            await stranger.ending()
            await stranger.disconnected()

    shop.run(scenario)


def test_new_files_are_taken_up_by_the_next_connection_and_old_ones_go_on(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(served: Served) -> None:
        old = shop.proxy(spiffe(CART))
        async with AdsClient(served.port, CART, credentials=old) as proxy:
            await proxy.subscribe(CLUSTER)
            fresh = Issuer(tmp_path / "fresh", "fresh")
            made = fresh.issue("server", addresses=("127.0.0.1",))
            replace(shop.tls.key, made.key.read_bytes())
            replace(shop.tls.certificate, made.chain.read_bytes())
            replace(shop.tls.client_authority, fresh.bundle.read_bytes())
            new = shop.channel(fresh.issue("proxy", uris=(spiffe(CART),)), fresh.bundle)
            assert await clusters(served, CART, new) == ["v1"]
            await shut_out(served, old)
            served.publish(cart=mesh("v2=1"))
            assert "v2" in names(await proxy.take(), Cluster)

    with caplog.at_level(logging.INFO):
        shop.run(scenario)
    assert [r for r in caplog.records if r.getMessage() == "new TLS files are in use"]


def test_files_that_are_overwritten_in_place_are_taken_up_too_even_with_their_old_times(
    shop: Shop, tmp_path: Path
) -> None:
    async def scenario(served: Served) -> None:
        old = shop.proxy(spiffe(CART))
        assert await clusters(served, CART, old) == ["v1"]
        fresh = Issuer(tmp_path / "fresh", "fresh")
        made = fresh.issue("server", addresses=("127.0.0.1",))
        for path, new in (
            (shop.tls.key, made.key),
            (shop.tls.certificate, made.chain),
            (shop.tls.client_authority, fresh.bundle),
        ):
            times = path.stat()
            # Of the same length, as certificates of one authority mostly are.
            path.write_bytes(new.read_bytes().ljust(times.st_size, b"\n"))
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        new_proxy = shop.channel(fresh.issue("proxy", uris=(spiffe(CART),)), fresh.bundle)
        assert await clusters(served, CART, new_proxy) == ["v1"]

    shop.run(scenario)


@pytest.mark.parametrize("broken", ["certificate", "key", "client_authority"])
def test_broken_files_are_told_once_loudly_and_those_before_are_used_on(
    shop: Shop, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(served: Served) -> None:
        cart = shop.proxy(spiffe(CART))
        replace(getattr(shop.tls, broken), b"-----BEGIN NONSENSE-----\n")
        assert await clusters(served, CART, cart) == ["v1"]
        assert await clusters(served, CART, cart) == ["v1"]

    shop.run(scenario)
    [told] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "new TLS files are invalid; the previous ones stay in use" in told.getMessage()
    assert str(getattr(shop.tls, broken)) in told.getMessage()


def test_a_key_that_does_not_fit_is_not_taken_up_until_its_certificate_comes(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(served: Served) -> None:
        cart = shop.proxy(spiffe(CART))
        fresh = Issuer(tmp_path / "fresh", "fresh").issue("s", addresses=("127.0.0.1",))
        replace(shop.tls.key, fresh.key.read_bytes())
        assert await clusters(served, CART, cart) == ["v1"]
        replace(shop.tls.certificate, fresh.chain.read_bytes())
        trusting = shop.channel(
            shop.issuer.issue("proxy", uris=(spiffe(CART),)), tmp_path / "fresh" / "fresh.pem"
        )
        assert await clusters(served, CART, trusting) == ["v1"]

    with caplog.at_level(logging.INFO):
        shop.run(scenario)
    told = [r.getMessage() for r in caplog.records if "TLS files" in r.getMessage()]
    assert len(told) == 2
    assert "is not the key of" in told[0]
    assert told[1] == "new TLS files are in use"


def test_broken_files_are_told_even_if_nobody_comes(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xds.server.credentials.LOOK_EVERY_S", 0.01)

    async def scenario(served: Served) -> None:
        replace(shop.tls.key, b"")
        for _ in range(1000):
            if any(record.levelno == logging.ERROR for record in caplog.records):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nothing was told")

    shop.run(scenario)


def test_files_that_are_broken_from_the_start_are_refused_in_words(shop: Shop) -> None:
    missing = TlsFiles(shop.server.chain, Path("/nowhere"), shop.issuer.bundle)
    with pytest.raises(UsageError, match="/nowhere cannot be read: No such file"):
        Credentials(missing)
    swapped = TlsFiles(shop.server.key, shop.server.chain, shop.issuer.bundle)
    with pytest.raises(UsageError, match="contains no certificates"):
        Credentials(swapped)
    other = shop.issuer.issue("other", hosts=("x",))
    with pytest.raises(UsageError, match="is not the key of"):
        Credentials(TlsFiles(shop.server.chain, other.key, shop.issuer.bundle))
    old = shop.issuer.issue("old", hosts=("x",), lifetime=-DAY / 2)
    with pytest.raises(UsageError, match="expired at"):
        Credentials(TlsFiles(old.chain, old.key, shop.issuer.bundle))


def test_with_tls_the_server_may_be_reached_from_elsewhere(shop: Shop) -> None:
    everywhere = f"0.0.0.0:{free_port()}"
    check_listening(everywhere, AdsSettings(tls=shop.tls))
    with pytest.raises(UsageError, match="plain text"):
        check_listening(everywhere, AdsSettings())
