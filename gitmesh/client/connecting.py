"""Creation of endpoints with the credentials that are found."""

import ipaddress
from collections.abc import Mapping
from datetime import datetime

from gitmesh.api.signature import SignedRequest
from gitmesh.client.aws_settings import aws_credentials, aws_region
from gitmesh.client.endpoint import Endpoint, Signer
from gitmesh.client.signing import AwsCredentials, signed_headers
from gitmesh.environment import process_environment
from mesh.errors import UsageError


def signed_endpoint(
    url: str, region: str | None = None, environment: Mapping[str, str] | None = None
) -> Endpoint:
    """Return an endpoint with AWS credentials; for a server on this machine, they are optional.

    :raises UsageError: the URL is invalid, or there are no credentials, or they are incomplete.
    """
    found = process_environment() if environment is None else environment
    endpoint = Endpoint(url, ca_file=found.get("AWS_CA_BUNDLE") or None)
    credentials = aws_credentials(found)
    if credentials is not None:
        endpoint.sign = aws_signer(credentials, aws_region(region, endpoint.host, found))
    elif not is_loopback(endpoint.host):
        raise UsageError(
            f"there are no credentials to call {url} with",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        )
    return endpoint


def aws_signer(credentials: AwsCredentials, region: str) -> Signer:
    """Return a function that signs requests with these credentials."""

    def sign(request: SignedRequest, now: datetime) -> Mapping[str, str]:
        return signed_headers(request, credentials, region, now)

    return sign


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server_endpoint(
    url: str,
    token: str | None = None,
    region: str | None = None,
    ca_file: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Endpoint:
    """Return the endpoint of a gitmesh server, with a token, else with AWS credentials.

    For a server on this machine they are optional, because it may need no authentication.

    :raises UsageError: the URL is invalid, or the token would be sent in plain text.
    """
    found = process_environment() if environment is None else environment
    endpoint = Endpoint(url, ca_file=ca_file or found.get("AWS_CA_BUNDLE") or None)
    local = is_loopback(endpoint.host)
    if token:
        if not local and not url.startswith("https://"):
            raise UsageError(
                f"the token would be sent to {url} in plain text", hint="write https:// instead"
            )
        endpoint.sign = bearer(token)
        return endpoint
    try:
        credentials = aws_credentials(found)
    except UsageError:
        if not local:
            raise
        credentials = None  # the profile has none, and here none may be needed
    if credentials is not None:
        endpoint.sign = aws_signer(credentials, aws_region(region, endpoint.host, found))
    elif not local:
        raise UsageError(
            f"there are no credentials to call {url} with",
            hint="set GITMESH_TOKEN, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    return endpoint


def bearer(token: str) -> Signer:
    """Return a function that adds a token to each request."""
    return lambda request, now: {"authorization": f"Bearer {token}"}
