"""Signatures are those of botocore's signer, and nothing about a signed request can be changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmesh.api.signature import (
    MAX_SKEW,
    NotAuthenticated,
    SignedRequest,
    authenticate,
)

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SECRETS = {KEY: SECRET}
HOST = "127.0.0.1:18080"

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
headers = st.dictionaries(
    st.sampled_from(["x-amz-meta", "x-gitmesh-change", "content-type", "amz-sdk-request"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
)


def signed(
    method: str,
    path: str,
    query: dict[str, str],
    extra: dict[str, str],
    body: bytes,
    *,
    presigned: bool = False,
) -> SignedRequest:
    """Return a request as botocore signs it and its HTTP client sends it."""
    url = f"http://{HOST}{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
    request = AWSRequest(method=method, url=url, headers=extra, data=body)
    signer: Any = SigV4QueryAuth if presigned else SigV4Auth
    signer(Credentials(KEY, SECRET), "appmesh", "eu-west-1").add_auth(request)
    parts = urlsplit(request.url)
    sent = [("host", HOST), *((name.lower(), value) for name, value in request.headers.items())]
    return SignedRequest(method, parts.path, parts.query, sent, body)


def now() -> datetime:
    return datetime.now(UTC)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["GET", "PUT", "DELETE"]),
    st.lists(names, min_size=1, max_size=4),
    st.dictionaries(names, names, max_size=3),
    headers,
    st.binary(max_size=60),
    st.booleans(),
)
def test_what_botocore_signs_is_accepted(
    method: str,
    segments: list[str],
    query: dict[str, str],
    extra: dict[str, str],
    body: bytes,
    presigned: bool,
) -> None:
    path = "/v20190125/" + "/".join(quote(s, safe="") for s in segments if s not in (".", ".."))
    body = b"" if presigned else body  # botocore takes the body of a presigned request for a form
    request = signed(method, path, query, extra, body, presigned=presigned)
    assert authenticate(request, SECRETS.get, now()) == KEY


@pytest.fixture
def request_() -> SignedRequest:
    return signed(
        "PUT", "/v20190125/meshes/shop", {"meshOwner": "1"}, {"x-gitmesh-change": "a"}, b"{}"
    )


def changed(request: SignedRequest, name: str, value: str) -> SignedRequest:
    kept = [(n, value if n == name else v) for n, v in request.headers]
    return replace(request, headers=kept)


@pytest.mark.parametrize("presigned", [False, True])
def test_nothing_that_is_signed_can_be_changed(presigned: bool) -> None:
    good = signed("PUT", "/v20190125/meshes/a%2Fb", {"x": "1"}, {}, b"", presigned=presigned)
    assert authenticate(good, SECRETS.get, now()) == KEY
    for bad in (
        replace(good, method="DELETE"),
        replace(good, raw_path="/v20190125/meshes/a/b"),
        replace(good, raw_query=good.raw_query.replace("x=1", "x=2")),
        replace(good, raw_query=f"{good.raw_query}&y=1"),
        replace(good, body=b"{} "),
        changed(good, "host", "elsewhere"),
        replace(good, headers=[*good.headers, ("host", "elsewhere")]),
    ):
        with pytest.raises(NotAuthenticated, match="does not match"):
            authenticate(bad, SECRETS.get, now())


def test_headers_that_change_the_meaning_must_be_signed(request_: SignedRequest) -> None:
    for name in ("x-gitmesh-wait", "x-amz-target"):
        added = replace(request_, headers=[*request_.headers, (name, "b")])
        with pytest.raises(NotAuthenticated, match="is not signed"):
            authenticate(added, SECRETS.get, now())


def test_a_stripped_or_unknown_signature_is_refused(request_: SignedRequest) -> None:
    bare = replace(request_, headers=[h for h in request_.headers if h[0] != "authorization"])
    with pytest.raises(NotAuthenticated) as error:
        authenticate(bare, SECRETS.get, now())
    assert error.value.code == "MissingAuthenticationTokenException"
    with pytest.raises(NotAuthenticated) as error:
        authenticate(request_, lambda _: None, now())
    assert error.value.code == "UnrecognizedClientException"


@pytest.mark.parametrize("presigned", [False, True])
def test_a_request_is_valid_for_a_time(presigned: bool) -> None:
    request = signed("GET", "/v20190125/meshes", {}, {}, b"", presigned=presigned)
    lasts = timedelta(seconds=3600) if presigned else MAX_SKEW
    for at in (now() + lasts - timedelta(seconds=5), now() - MAX_SKEW + timedelta(seconds=5)):
        assert authenticate(request, SECRETS.get, at) == KEY
    for at in (now() + lasts + timedelta(seconds=5), now() - MAX_SKEW - timedelta(seconds=5)):
        with pytest.raises(NotAuthenticated, match="expired or not yet valid"):
            authenticate(request, SECRETS.get, at)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120), st.text(max_size=80))
def test_whatever_stands_in_the_header_or_the_query_is_refused_in_words(
    authorization: str, query: str
) -> None:
    request = SignedRequest("GET", "/", query, [("authorization", authorization)], b"")
    with pytest.raises(NotAuthenticated):
        authenticate(request, SECRETS.get, now())


@pytest.mark.parametrize(
    ("part", "other", "words"),
    [
        ("/appmesh/", "/s3/", "for the service 's3'"),
        ("aws4_request", "aws4", "KEY/DATE/REGION/SERVICE"),
        ("SignedHeaders=host;", "SignedHeaders=", "host is among them"),
        ("SignedHeaders=host;x-amz-date", "SignedHeaders=host", "must be signed"),
    ],
)
def test_a_malformed_signature_is_named(part: str, other: str, words: str) -> None:
    request = signed("GET", "/v20190125/meshes", {}, {}, b"")
    authorization = next(v for n, v in request.headers if n == "authorization")
    bad = changed(request, "authorization", authorization.replace(part, other))
    with pytest.raises(NotAuthenticated, match=words):
        authenticate(bad, SECRETS.get, now())
