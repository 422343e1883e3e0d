"""Sign-in by an OpenID Connect provider: authorization code with PKCE, state and nonce."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from gitmesh.access.users.user import Provider
from gitmesh.console.sign_in.session import Identity

BEGUN_LASTS_S: Final = 600.0
MOST_BEGUN: Final = 1_000
MOST_TYPED: Final = 64 * 1024
_MOST_GROUPS: Final = 1_000
_TIMEOUT_S: Final = 10.0
_ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "EdDSA",
)
"""Signatures by a key that only the provider has."""


class SignInFailed(Exception):
    """The provider did not let somebody in, or cannot be asked. The reason is for the log."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Sign-in that has begun: the values that were sent to the provider."""

    secret_hash: str
    """Of the cookie of the browser that left: no other may come back with the same state."""
    nonce: str
    code_verifier: str
    redirect_uri: str
    after: str
    """The path to go on to."""
    typed: str
    """A form that was sent without a session, as text; it is sent again after."""
    began_at: float


class Attempts:
    """People who left for the provider and have not come back. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._by_state: dict[str, Begun] = {}

    def begin(
        self, provider: Provider, secret: str, redirect_uri: str, after: str, typed: str = ""
    ) -> str:
        """Return the provider's URL for somebody who wants to sign in.

        :raises SignInFailed: the provider cannot be asked.
        """
        data = _asked(lambda: _app(provider).create_authorization_url(redirect_uri))
        now, proof = self._clock(), data["code_verifier"]
        kept = typed if len(typed) <= MOST_TYPED else ""
        begun = Begun(_hash(secret), data["nonce"], proof, redirect_uri, after, kept, now)
        with self._turn:
            self._drop_old(now)
            self._by_state[data["state"]] = begun
        url: str = data["url"]
        return url

    def finish(
        self, provider: Provider, secret: str, query: Mapping[str, str]
    ) -> tuple[Identity, Begun]:
        """Return who came back, and what they wanted. Each state is good for once.

        :raises SignInFailed: the provider refused, or what it says is not valid.
        """
        with self._turn:
            self._drop_old(self._clock())
            begun = self._by_state.pop(query.get("state", ""), None)
        if begun is None or begun.secret_hash != _hash(secret):
            raise SignInFailed("the answer belongs to no attempt of this browser")
        if "code" not in query:
            raise SignInFailed(f"the provider says: {query.get('error', 'nothing')[:200]}")
        claims = _asked(lambda: _claims(provider, begun, query["code"]))
        return _identity(provider, claims), begun

    def _drop_old(self, now: float) -> None:
        kept = {s: b for s, b in self._by_state.items() if now - b.began_at < BEGUN_LASTS_S}
        self._by_state = dict(list(kept.items())[-(MOST_BEGUN - 1) :])


def _claims(provider: Provider, begun: Begun, code: str) -> Mapping[str, Any]:
    app = _app(provider)
    token = app.fetch_access_token(
        redirect_uri=begun.redirect_uri, code=code, code_verifier=begun.code_verifier
    )
    claims = app.parse_id_token(token, begun.nonce)
    if not claims:
        raise SignInFailed("the provider sent no ID token")
    found: Mapping[str, Any] = claims
    return found


def _identity(provider: Provider, claims: Mapping[str, Any]) -> Identity:
    said = claims.get(provider.groups_claim, ())
    given = (said,) if isinstance(said, str) else said if isinstance(said, list | tuple) else ()
    groups = tuple(str(each) for each in given[:_MOST_GROUPS] if str(each) in provider.groups)
    name = claims.get("name") or claims.get("preferred_username") or claims["sub"]
    email = claims.get("email") or ""
    return Identity(f"oidc:{claims['sub']}", "", _plain(name), _plain(email, " "), groups)


def _plain(text: object, also: str = "") -> str:
    """Return a text that git takes as a name or an address."""
    kept = (c for c in str(text) if c.isprintable() and c not in f"<>{also}")
    return "".join(kept).strip()[:128]


def _app(provider: Provider) -> Any:
    return _client(provider.issuer, provider.client_id, provider.client_secret, provider.scope)


@lru_cache(maxsize=4)
def _client(issuer: str, client_id: str, client_secret: str, scope: str) -> Any:
    """Return Authlib's client; its libraries are loaded here, for those who use them."""
    from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OpenIDMixin
    from authlib.integrations.httpx_client import OAuth2Client

    class App(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]
        client_cls = OAuth2Client

    app = App(
        None,
        name="gitmesh",
        client_id=client_id,
        client_secret=client_secret or None,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": scope,
            "code_challenge_method": "S256",
            "timeout": _TIMEOUT_S,
            "token_endpoint_auth_method": None if client_secret else "none",
        },
    )
    metadata = app.load_server_metadata()
    if metadata.get("issuer", "").rstrip("/") != issuer.rstrip("/"):
        raise SignInFailed("the provider says that it is another issuer")
    offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
    metadata["id_token_signing_alg_values_supported"] = [a for a in offered if a in _ALGORITHMS]
    return app


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except SignInFailed:
        raise
    except Exception as error:  # of httpx, Authlib and joserfc, which share no base
        raise SignInFailed(f"{type(error).__name__}: {error}"[:500]) from error


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
