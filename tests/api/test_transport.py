"""TLS of the API's port, rates, and bounds of connections."""

import http.client
import ssl
import time
from pathlib import Path

import pytest
import trustme

from tests.api.conftest import TOKEN, Served, serve
from tests.support.command_line import gitmesh

MESHES = "/v20190125/meshes"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def write(certificate: trustme.LeafCert, folder: Path) -> None:
    """Replace the files as a tool for certificates does: each at once."""
    new = folder / "new"
    certificate.private_key_pem.write_to_path(new)
    new.replace(folder / "api.key")
    new.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    new.replace(folder / "api.pem")


def status_over_tls(served: Served, authority: trustme.CA) -> int:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    host, _, port = served.url.rpartition("//")[2].rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), timeout=30, context=context)
    try:
        connection.request("GET", MESHES, headers=HEADERS)
        return connection.getresponse().status
    finally:
        connection.close()


def test_certificates_are_read_again_when_they_change(tmp_path: Path) -> None:
    first, second = trustme.CA(), trustme.CA()
    write(first.issue_cert("127.0.0.1"), tmp_path)
    options = ("--http-tls-cert", str(tmp_path / "api.pem"), "--http-tls-key")
    served = serve(tmp_path, *options, str(tmp_path / "api.key"))
    with served.server:
        assert served.server.wait_for("serving the API")["scheme"] == "https"
        assert status_over_tls(served, first) == 200
        with pytest.raises(ssl.SSLError):
            status_over_tls(served, second)
        write(second.issue_cert("127.0.0.1"), tmp_path)
        assert {status_over_tls(served, second) for _ in range(50)} == {200}
        (tmp_path / "api.pem").write_text("no certificate")
        assert status_over_tls(served, second) == 200
        served.server.wait_for("the API's new certificate is unusable; the previous one is used")
        # Plain text on this port is no request, and stops nobody.
        host, _, port = served.url.rpartition("//")[2].rpartition(":")
        plain = http.client.HTTPConnection(host, int(port), timeout=30)
        plain.request("GET", MESHES)
        with pytest.raises((http.client.HTTPException, OSError)):
            plain.getresponse()
        plain.close()
        assert status_over_tls(served, second) == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--http-tls-cert", "api.pem"], "TLS needs a certificate and its key"),
        (["--http-tls-cert", "none.pem", "--http-tls-key", "api.key"], "No such file"),
        (["--http-tls-cert", "api.key", "--http-tls-key", "api.key"], "cannot be used for TLS"),
    ],
)
def test_unusable_files_are_refused_at_the_start(
    tmp_path: Path, options: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(trustme.CA().issue_cert("127.0.0.1"), tmp_path)
    assert gitmesh("init", "shop.git").code == 0
    refused = gitmesh(
        "serve", "shop.git", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
        "--http-anonymous", *options,
    )  # fmt: skip
    assert (refused.code, words in refused.err) == (2, True), refused.err


def test_a_caller_who_asks_too_often_is_told_when_to_try_again(tmp_path: Path) -> None:
    served = serve(tmp_path, "--http-rate", "5")
    with served.server:
        host = served.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        found = []
        for _ in range(40):
            connection.request("GET", MESHES, headers=HEADERS)
            answer = connection.getresponse()
            answer.read()
            found.append((answer.status, answer.headers["x-amzn-ErrorType"]))
            after = answer.headers["Retry-After"]
            if answer.status == 429:
                break
        assert found[-1] == (429, "TooManyRequestsException")
        assert after == "1"
        # Others are not kept waiting, and so is the caller only for a moment.
        assert served.client().list_meshes()["meshes"]
        time.sleep(1.1)
        connection.request("GET", MESHES, headers=HEADERS)
        assert connection.getresponse().status == 200
        connection.close()
        told = [line for line in served.server.lines() if line["message"] == "call refused"]
        assert [(line["identity"], line["error"]) for line in told] == [
            ("tokwriter", "TooManyRequestsException")
        ]
