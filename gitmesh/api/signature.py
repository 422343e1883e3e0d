"""AWS Signature Version 4: authentication and integrity of requests. Pure.

The rules are those of "AWS API request signing" in the IAM user guide, as clients of App Mesh apply
them: the path is encoded twice, the body is always part of the signature.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, unquote_to_bytes

ALGORITHM: Final = "AWS4-HMAC-SHA256"
MAX_SKEW: Final = timedelta(minutes=5)
"""Maximum difference between the clocks of client and server, as at AWS."""
MAX_PRESIGNED: Final = timedelta(days=7)
_DATE_FORM: Final = "%Y%m%dT%H%M%SZ"
_ENDING: Final = "aws4_request"
_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} +Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{{64}})"
)
_NO_SECRET: Final = "-" * 40  # so that an unknown key costs as much time as a known one
_QUERY: Final = "X-Amz-"
SERVICE: Final = "appmesh"
_MEANINGFUL: Final = ("x-amz-", "x-gitmesh-")
"""Prefixes of headers that change the meaning of a request, and so must be signed."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """An HTTP request before anything of it is decoded, because its signature covers the bytes."""

    method: str
    raw_path: str
    """The path, encoded as it was sent: after decoding, separators and ``/`` in names look the
    same."""
    raw_query: str
    headers: Sequence[tuple[str, str]]
    """The headers, with names in lower case; a name may occur more than once."""
    body: bytes

    @property
    def writes(self) -> bool:
        """True if the request may change something."""
        return self.method not in ("GET", "HEAD")


class NotAuthenticated(Exception):
    """The signature is missing or wrong."""

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        """AWS's name of the error, such as ``InvalidSignatureException``."""
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class _Claim:
    """The signature fields of a request, not yet verified."""

    key_id: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str
    at: datetime
    expires: timedelta | None = None
    """Validity of a presigned request; ``None`` for a request that is signed in its headers."""

    @property
    def scope(self) -> str:
        return "/".join((self.date, self.region, self.service, _ENDING))


def authenticate(
    request: SignedRequest, secret_of: Callable[[str], str | None], now: datetime
) -> str:
    """Return the id of the key that signed a request; the signature is in its headers or its query.

    :param secret_of: returns the secret of a key, by its id; ``None`` if there is no such key.
    :raises NotAuthenticated: the signature is missing, malformed, too old, or wrong.
    """
    claim = _claimed(request)
    _require_time(claim, now, writes=request.writes)
    _require_signed(claim, request)
    secret = secret_of(claim.key_id)
    computed = _signature(claim, request, _NO_SECRET if secret is None else secret)
    same = hmac.compare_digest(computed, claim.signature)
    if secret is None:
        raise NotAuthenticated(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    if not same:
        raise NotAuthenticated(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. "
            "Check the secret access key and the signing method.",
        )
    return claim.key_id


def claimed_signature(request: SignedRequest) -> str:
    """Return the signature that a request has, whether or not it is right.

    :raises NotAuthenticated: there is none.
    """
    return _claimed(request).signature


def _claimed(request: SignedRequest) -> _Claim:
    return _presigned(request) if f"{_QUERY}Signature=" in request.raw_query else _header(request)


def _header(request: SignedRequest) -> _Claim:
    found = [value for name, value in request.headers if name == "authorization"]
    if not found:
        raise NotAuthenticated("MissingAuthenticationTokenException", "The request is not signed.")
    matched = _AUTHORIZATION.fullmatch(found[0].strip()) if len(found) == 1 else None
    if matched is None:
        raise _incomplete("the Authorization header is not one of AWS Signature Version 4")
    dates = [value for name, value in request.headers if name == "x-amz-date"]
    if len(dates) != 1:
        raise _incomplete("the request needs one X-Amz-Date header")
    claim = _claim(matched[1], matched[2], matched[3], dates[0])
    if "x-amz-date" not in claim.signed:
        raise _incomplete("the X-Amz-Date header must be signed")
    return claim


def _presigned(request: SignedRequest) -> _Claim:
    pairs = dict(_pairs(request.raw_query))
    named = {name: pairs.get(f"{_QUERY}{name}") for name in _PRESIGNED}
    if any(value is None for value in named.values()):
        raise _incomplete("a presigned request needs every X-Amz parameter")
    value = {name: unquote_to_bytes(text or "").decode("latin-1") for name, text in named.items()}
    if value["Algorithm"] != ALGORITHM or not re.fullmatch(r"[0-9]{1,6}", value["Expires"]):
        raise _incomplete("the X-Amz parameters are not those of AWS Signature Version 4")
    expires = timedelta(seconds=int(value["Expires"]))
    if not timedelta() < expires <= MAX_PRESIGNED:
        raise _incomplete("X-Amz-Expires is from 1 to 604800 seconds")
    if not re.fullmatch(r"[0-9a-f]{64}", value["Signature"]):
        raise _incomplete("X-Amz-Signature has 64 hexadecimal digits")
    names = value["Credential"], value["SignedHeaders"], value["Signature"], value["Date"]
    return _claim(*names, expires)


_PRESIGNED: Final = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")


def _claim(
    credential: str, signed: str, signature: str, date: str, expires: timedelta | None = None
) -> _Claim:
    parts = credential.rsplit("/", 4)
    names = tuple(signed.split(";"))
    if len(parts) != 5 or parts[4] != _ENDING:
        raise _incomplete("the credential is KEY/DATE/REGION/SERVICE/aws4_request")
    if names != tuple(sorted(set(names))) or "host" not in names:
        raise _incomplete("the signed headers are sorted, and host is among them")
    try:
        at = datetime.strptime(date, _DATE_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise _incomplete("X-Amz-Date is written like 20261130T031200Z") from None
    if parts[3] != SERVICE:
        raise _incomplete(f"it is for the service {parts[3]!r}, and this is {SERVICE}")
    if parts[1] != date[:8]:
        raise _incomplete("the credential's date differs from X-Amz-Date")
    return _Claim(parts[0], parts[1], parts[2], parts[3], names, signature, at, expires)


def _incomplete(why: str) -> NotAuthenticated:
    message = f"The signature is malformed: {why}."
    return NotAuthenticated("IncompleteSignatureException", message, 400)


def _require_time(claim: _Claim, now: datetime, *, writes: bool) -> None:
    late = claim.expires if claim.expires is not None else MAX_SKEW
    late = min(late, MAX_SKEW) if writes else late  # as long as signatures of writes are kept
    if not -MAX_SKEW <= now - claim.at <= late:
        raise NotAuthenticated(
            "InvalidSignatureException",
            f"Signature expired or not yet valid: it is of {claim.at:%Y%m%dT%H%M%SZ}, "
            f"and now is {now:%Y%m%dT%H%M%SZ}.",
        )


def _require_signed(claim: _Claim, request: SignedRequest) -> None:
    for name, _ in request.headers:
        if name.startswith(_MEANINGFUL) and name not in claim.signed:
            raise _incomplete(f"the header {name!r} is not signed")


def _signature(claim: _Claim, request: SignedRequest, secret: str) -> str:
    canonical = canonical_request(request, claim.signed, presigned=claim.expires is not None)
    return signature(canonical, secret, claim.at.strftime(_DATE_FORM), claim.scope)


def signature(canonical: str, secret: str, date: str, scope: str) -> str:
    """Return the signature of a canonical request.

    :param date: the time of signing, in the form ``20261130T031200Z``.
    :param scope: ``DATE/REGION/SERVICE/aws4_request``.
    """
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = "\n".join((ALGORITHM, date, scope, digest))
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def canonical_request(request: SignedRequest, signed: Iterable[str], *, presigned: bool) -> str:
    """Return the canonical form of a request, from which the signature is computed."""
    headers = _signed_headers(request.headers, tuple(signed))
    pairs = [
        (name, value)
        for name, value in _pairs(request.raw_query)
        if not (presigned and name == f"{_QUERY}Signature")
    ]
    return "\n".join(
        (
            request.method,
            quote(_normalized(request.raw_path), safe="/~"),
            "&".join(f"{name}={value}" for name, value in sorted(pairs)),
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            ";".join(headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _normalized(path: str) -> str:
    """Return a path as clients sign it: without empty segments, ``.`` and ``..``.

    The operation is found by the path as it was sent, where such segments are no names.
    """
    if "//" not in path and "/." not in path:
        return path or "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    ending = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + ending


def _signed_headers(
    headers: Sequence[tuple[str, str]], signed: tuple[str, ...]
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in signed:
        values = [" ".join(value.split()) for each, value in headers if each == name]
        if not values:
            raise _incomplete(f"the signed header {name!r} is not there")
        found[name] = ",".join(values)
    return found


def _pairs(raw_query: str) -> list[tuple[str, str]]:
    """Return the parameters of a query, in the canonical encoding."""
    parts = (part.partition("=") for part in raw_query.split("&") if part)
    return [(_encoded(name), _encoded(value)) for name, _, value in parts]


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")
