"""Our signatures are those of botocore, and the server accepts them."""

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmesh.api.signature import SignedRequest, authenticate
from gitmesh.client.signing import AwsCredentials, signed_headers

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a session/token=="
HOST = "127.0.0.1:18080"
NOW = datetime(2026, 11, 30, 3, 12, tzinfo=UTC)

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
path_names = names.filter(lambda name: name not in (".", ".."))  # no resource has such a name


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["GET", "PUT", "DELETE"]),
    st.lists(path_names, min_size=1, max_size=4),
    st.dictionaries(names, names, max_size=3),
    st.binary(max_size=50),
    st.sampled_from([None, TOKEN]),
)
def test_a_signature_is_the_one_that_botocore_makes(
    method: str, segments: list[str], query: dict[str, str], body: bytes, token: str | None
) -> None:
    path = "/" + "/".join(quote(each, safe="-_.~") for each in segments)
    asked = urlencode(query, quote_via=quote, safe="-_.~")
    sent = SignedRequest(method, path, asked, [("host", HOST)], body)
    ours = signed_headers(sent, AwsCredentials(KEY, SECRET, token), "eu-west-1", NOW)

    url = f"http://{HOST}{path}" + (f"?{asked}" if asked else "")
    theirs = AWSRequest(method=method, url=url, data=body)
    with patch("botocore.auth.get_current_datetime", lambda: NOW.replace(tzinfo=None)):
        SigV4Auth(Credentials(KEY, SECRET, token), "appmesh", "eu-west-1").add_auth(theirs)
    expected = {name.lower(): value for name, value in theirs.headers.items()}
    assert ours == expected

    whole = SignedRequest(method, path, asked, [("host", HOST), *ours.items()], body)
    assert authenticate(whole, {KEY: SECRET}.get, NOW) == KEY
