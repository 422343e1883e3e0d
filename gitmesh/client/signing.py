"""AWS Signature Version 4 for outgoing requests. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gitmesh.api.signature import ALGORITHM, SERVICE, SignedRequest, canonical_request, signature

_DATE_FORM = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """An access key, and its source, for messages."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    source: str = "environment"


def signed_headers(
    request: SignedRequest, credentials: AwsCredentials, region: str, now: datetime
) -> Mapping[str, str]:
    """Return the headers with the signature, to be added to the request's own headers.

    All headers of the request are signed; ``host`` must be one of them. The path must be encoded as
    it will be sent.
    """
    date = now.strftime(_DATE_FORM)
    added = {"x-amz-date": date}
    if credentials.session_token is not None:
        added["x-amz-security-token"] = credentials.session_token
    whole = replace(request, headers=[*request.headers, *added.items()])
    names = sorted({name for name, _ in whole.headers})
    scope = "/".join((date[:8], region, SERVICE, "aws4_request"))
    canonical = canonical_request(whole, names, presigned=False)
    value = signature(canonical, credentials.secret_access_key, date, scope)
    credential = f"{credentials.access_key_id}/{scope}"
    authorization = (
        f"{ALGORITHM} Credential={credential}, SignedHeaders={';'.join(names)}, Signature={value}"
    )
    return {**added, "authorization": authorization}
