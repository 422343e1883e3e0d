"""A stand-in OpenID Connect provider: it signs in whoever it was told to, and checks the client."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


class StandInProvider:
    """Serves on a free port of this machine until the block ends."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.signing_key = self.key
        self.claims: dict[str, Any] = {"sub": "4711", "name": "Olga", "groups": ["sre"]}
        self.codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, "")

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                provider.answer(self, self.rfile.read(length).decode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, body: str) -> None:
        place = urlsplit(request.path)
        match place.path:
            case "/.well-known/openid-configuration":
                self._send(request, self._metadata())
            case "/keys":
                self._send(request, {"keys": [self.key.as_dict(private=False)]})
            case "/authorize":
                self._authorize(request, {k: v[0] for k, v in parse_qs(place.query).items()})
            case "/token":
                self._token(request, dict(parse_qsl(body)))

    def _metadata(self) -> Mapping[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }

    def _authorize(self, request: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        request.send_response(302)
        request.send_header("location", f"{query['redirect_uri']}?{back}")
        request.end_headers()

    def _token(self, request: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or asked.get("code_challenge") != proof:
            self._send(request, {"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": "gitmesh",
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.claims,
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signing_key)
        self._send(request, {"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _send(
        self, request: BaseHTTPRequestHandler, found: Mapping[str, object], status: int = 200
    ) -> None:
        request.send_response(status)
        request.send_header("content-type", "application/json")
        request.end_headers()
        request.wfile.write(json.dumps(found).encode())
