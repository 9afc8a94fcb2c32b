"""A small OpenID Connect provider on loopback: discovery, authorize, token with PKCE, keys. What it signs can be spoilt."""

import base64
import hashlib
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "suara-warga", "rahasia-klien-uji"


@dataclass
class OidcProvider:
    """Who signs in, and what is wrong with the answer."""

    issuer: str
    redirect_url: str
    subject: str = "orang-17"
    spoilt: dict[str, Any] = field(default_factory=dict)  # claims that replace the right ones
    signs_with: str = "key"  # "other": a key it does not publish; "none": no signature; "secret": the client's secret
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    n_tokens: int = 0

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.other = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})

    @property
    def app(self) -> Starlette:
        """Its pages."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _discovery(self, _: Request) -> Response:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return JSONResponse({"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in places.items()})

    async def _authorize(self, request: Request) -> Response:
        """Signs in whoever comes as `subject`."""
        asked = dict(request.query_params)
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT_ID
        assert asked["redirect_uri"] == self.redirect_url and "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = {name: asked[name] for name in ("nonce", "code_challenge")}
        return RedirectResponse(f"{self.redirect_url}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        asked = self.codes.pop(str(form["code"]), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest()).rstrip(b"=")
        if (
            request.headers.get("authorization") != f"Basic {basic}"
            or asked is None
            or asked["code_challenge"] != challenge.decode()
            or form["redirect_uri"] != self.redirect_url
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.n_tokens += 1
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.subject,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        id_token = self._signed({name: value for name, value in (claims | self.spoilt).items() if value is not None})
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": id_token})

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.signs_with == "none":
            return jwt.encode({"alg": "none"}, claims, OctKey.import_key("x" * 32), algorithms=["none"])
        if self.signs_with == "secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET * 2), algorithms=["HS256"])
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.other if self.signs_with == "other" else self.key)

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))


@contextmanager
def oidc_provider(redirect_url: str) -> Iterator[OidcProvider]:
    """A provider that answers at a free port until the block ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # requests wait here until the server takes them
        provider = OidcProvider(f"http://127.0.0.1:{listening.getsockname()[1]}", redirect_url)
        server = uvicorn.Server(uvicorn.Config(provider.app, log_config=None, lifespan="off"))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join(30)
