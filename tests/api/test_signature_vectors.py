"""Signatures that AWS publishes for requests, computed by our verifier and by botocore's signer."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gitmesh.api.signature import SignedRequest, canonical_request, signature

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT, HOST = "20150830T123600Z", "example.amazonaws.com"
SCOPE = "20150830/us-east-1/service/aws4_request"
SESSION = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP"
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT"
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz"
    "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
LETTERS = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = "application/x-www-form-urlencoded"
VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
POSTED = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
WITH_HEADER = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"


@dataclass(frozen=True)
class Case:
    """A request to sign, and its signature."""

    name: str
    expected: str
    method: str = "GET"
    path: str = "/"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def mine(*values: str) -> tuple[tuple[str, str], ...]:
    return tuple(("My-Header1", value) for value in values)


CASES = [
    Case("nothing but a date", VANILLA),
    Case(
        "one parameter",
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        query="Param1=value1",
    ),
    Case(
        "parameters in order of their names",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        query="Param2=value2&Param1=value1",
    ),
    Case(
        "a path of unreserved characters",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        path=f"/{LETTERS}",
    ),
    Case(
        "a path in UTF-8",
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        path="/ሴ",
    ),
    Case(
        "a path with a space",
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
        path="/example space/",
    ),
    Case("a path that goes up", VANILLA, path="/example/.."),
    Case("a path that goes up twice", VANILLA, path="/example1/example2/../.."),
    Case("two slashes", VANILLA, path="//"),
    Case("a dot", VANILLA, path="/./"),
    Case(
        "a dot before a name",
        "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
        path="/./example",
    ),
    Case(
        "slashes around a name",
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        path="//example//",
    ),
    Case(
        "a header that is there thrice",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        headers=mine("value2", "value2", "value1"),
    ),
    Case(
        "values in the order of their lines",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
        headers=mine("value4", "value1", "value3", "value2"),
    ),
    Case(
        "a header of several lines, each a value",
        "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
        headers=mine("value1", " value2", "   value3"),
    ),
    Case(
        "spaces around and in values",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        headers=(*mine(" value1"), ("My-Header2", ' "a   b   c"')),
    ),
    Case("a post", POSTED, "POST"),
    Case(
        "a post with a parameter",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        "POST",
        query="Param1=value1",
    ),
    Case("a name in capitals", WITH_HEADER, "POST", headers=(("MY-HEADER1", "value1"),)),
    Case(
        "a value in capitals",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        "POST",
        headers=mine("VALUE1"),
    ),
    Case(
        "a form",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        "POST",
        headers=(("Content-Type", FORM),),
        body=b"Param1=value1",
    ),
    Case(
        "a form with its character set",
        "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
        "POST",
        headers=(("Content-Type", f"{FORM}; charset=utf8"),),
        body=b"Param1=value1",
    ),
    Case(
        "a session's token",
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        "POST",
        headers=(("X-Amz-Security-Token", SESSION),),
    ),
]
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@EACH
def test_our_signature_is_the_published_one(case: Case) -> None:
    headers = [("host", HOST), ("x-amz-date", AT)]
    headers += [(name.lower(), value) for name, value in case.headers]
    request = SignedRequest(case.method, case.path, case.query, headers, case.body)
    names = sorted({name for name, _ in headers})
    canonical = canonical_request(request, names, presigned=False)
    assert signature(canonical, SECRET, AT, SCOPE) == case.expected


@EACH
def test_botocore_has_the_same(case: Case) -> None:
    url = f"https://{HOST}{case.path}" + (f"?{case.query}" if case.query else "")
    request = AWSRequest(method=case.method, url=url, data=case.body)
    for name, value in case.headers:
        request.headers[name] = value
    when = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    signer: Any = SigV4Auth(Credentials(KEY, SECRET), "service", "us-east-1")
    with mock.patch("botocore.auth.get_current_datetime", return_value=when):
        signer.add_auth(request)
    assert request.headers["Authorization"].endswith(f"Signature={case.expected}")
