"""Webhooks are believed if they are signed with the secret, in the form of one of the forges."""

import hashlib
import hmac
from collections.abc import Mapping

import pytest

from gitmesh.api.webhook.signature import is_signed

SECRET = b"s3cret"
BODY = b'{"ref": "refs/heads/main"}'
GOOD = hmac.new(SECRET, BODY, hashlib.sha256).hexdigest()
BAD = hmac.new(b"other", BODY, hashlib.sha256).hexdigest()
SHA1 = hmac.new(SECRET, BODY, hashlib.sha1).hexdigest()


@pytest.mark.parametrize(
    ("headers", "signed"),
    [
        ({"x-hub-signature-256": f"sha256={GOOD}"}, True),  # GitHub
        ({"x-hub-signature-256": f"sha256={GOOD}", "x-hub-signature": f"sha1={SHA1}"}, True),
        ({"x-hub-signature": f"sha256={GOOD}"}, True),  # Bitbucket
        ({"x-gitea-signature": GOOD}, True),
        ({"x-gitea-signature": GOOD, "x-hub-signature-256": f"sha256={GOOD}"}, True),
        ({"x-gitlab-token": "s3cret"}, True),
        ({}, False),
        ({"x-hub-signature-256": f"sha256={BAD}"}, False),
        ({"x-hub-signature-256": GOOD}, False),
        ({"x-hub-signature": f"sha1={SHA1}"}, False),
        ({"x-gitea-signature": GOOD, "x-hub-signature-256": f"sha256={BAD}"}, False),
        ({"x-gitea-signature": ""}, False),
        ({"x-gitea-signature": "é" * 64}, False),
        ({"x-gitlab-token": ""}, False),
        ({"x-gitlab-token": "s3cre"}, False),
        ({"x-gitlab-token": "s3cret", "x-gitea-signature": BAD}, False),
        ({"x-gitlab-token": "ü€"}, False),
    ],
)
def test_every_signature_that_is_there_must_fit(headers: Mapping[str, str], signed: bool) -> None:
    assert is_signed(headers, BODY, SECRET) == signed


def test_a_signature_is_that_of_the_whole_body() -> None:
    assert not is_signed({"x-gitea-signature": GOOD}, BODY + b" ", SECRET)
